"""Commands that search: `evolve resume`."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli import problem_files
from heuresis.cli.errors import DONE, FAILED, INTERRUPTED
from heuresis.cli.options import (
    ArchiveOption,
    EngineOption,
    FamilyOption,
    GuardsOption,
    JsonOption,
    ObjectiveOption,
    SubjectToOption,
    TimeoutOption,
    WeakSandboxOption,
    WorkersOption,
)
from heuresis.cli.programs import existing_archive, find_problem, open_archive, recorded_settings
from heuresis.cli.settings import make_config, parse_mix, read_settings, seed_programs

if TYPE_CHECKING:
    from heuresis.cli.live import View
    from heuresis.evolve.results.champion import Champion
    from heuresis.evolve.results.run_result import RunResult
    from heuresis.problems.problem import Problem


def evolve(
    problem: Annotated[
        str,
        typer.Argument(
            metavar="PROBLEM|FILE.py|RUN.toml",
            help="A registered problem, a Python file that registers one, or a file with the settings of a run.",
        ),
    ],
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    engine: EngineOption = None,
    subject_to: SubjectToOption = None,
    guards: GuardsOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="M", help="local, local:FILE.gguf, or PROVIDER/NAME; may be repeated."),
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", metavar="URL", help="An OpenAI-compatible endpoint for the models.")
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option("--mix", metavar="SHARES", help="Shares of the proposers, such as offline=0.7,local=0.3."),
    ] = None,
    grammar: Annotated[
        bool, typer.Option("--grammar", help="Send the endpoint a grammar that admits valid programs only.")
    ] = False,
    evaluations: Annotated[
        int | None, typer.Option("--evaluations", metavar="N", help="Stop after N evaluated programs.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="T", help="Stop after T minutes. Default: 5 where no budget is given."),
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", metavar="X", help="Stop before a model call would exceed X dollars.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", help="Same seed, same archive. Default: 0.")
    ] = None,
    workers: WorkersOption = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="PROGRAM|scratch", help="Where to start; may be repeated. Default: all baselines."
        ),
    ] = None,
    timeout: TimeoutOption = None,
    allow_weak_sandbox: WeakSandboxOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search for better programs; ends with the champion's test table.

    Ctrl-C stops after what is under way and leaves a run that `heuresis resume` goes on with.
    """
    from heuresis.cli import render
    from heuresis.evolve.run import start

    settings = read_settings(problem)
    given: dict[str, Any] = {
        "family": family,
        "objective": objective,
        "engine": engine,
        "subject_to": tuple(subject_to) if subject_to else None,
        "guards": guards,
        "models": tuple(model) if model else None,
        "api_base": api_base,
        "mix": parse_mix(mix) if mix else None,
        "grammar": grammar or None,
        "evaluations": evaluations,
        "minutes": minutes,
        "budget_usd": budget_usd,
        "seed": seed,
        "workers": workers,
        "timeout": timeout,
    }
    settings |= {key: value for key, value in given.items() if value is not None}
    wanted = find_problem(
        settings["problem"],
        settings.get("objective"),
        settings.get("engine"),
        subject_to=settings.get("subject_to"),
        guards=settings.get("guards"),
    )
    if wanted.constraints:
        render.say(f"minimised: {wanted.chosen}" + _without_guards(wanted))
    listed = settings.pop("from", ())
    settings |= seed_programs(seeds or list(listed), wanted, archive)
    config = make_config(settings)
    with open_archive(archive) as opened, _view(wanted, as_json=as_json) as view:
        result = start(config, opened, view, allow_weak_sandbox=allow_weak_sandbox)
    code = report(result, wanted, as_json=as_json, archive=archive)
    if code:
        raise typer.Exit(code)


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id (a unique prefix).")],
    allow_weak_sandbox: WeakSandboxOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that was stopped or died, from what the archive has of it."""
    from heuresis.evolve.run import resume as go_on

    with existing_archive(archive, run) as looked_at:  # first without writing: a broken archive stays as it is
        found = looked_at.run(run)
        looked_at.trials(found.id)
        config = recorded_settings(found, looked_at)
    problem_files.check_named(config.problem)
    constraints: dict[str, Any] = {"subject_to": config.subject_to, "guards": config.guards}
    wanted = find_problem(config.problem, config.objective, config.engine, **constraints)
    with open_archive(archive) as opened, _view(wanted, as_json=as_json) as view:
        result = go_on(found.id, opened, view, allow_weak_sandbox=allow_weak_sandbox)
    code = report(result, wanted, as_json=as_json, archive=archive)
    if code:
        raise typer.Exit(code)


def _without_guards(problem: "Problem") -> str:
    """How the guards of the objective are left out, where it has any."""
    has = problem.choice.guards and problem.objective.name in problem.options.guards
    return " (--no-guards leaves out what the problem adds)" if has else ""


def _view(problem: "Problem", *, as_json: bool) -> "View":
    from heuresis.cli.live import View

    return View(percent=problem.objective.fraction, quiet=as_json)


def report(result: "RunResult", problem: "Problem", *, as_json: bool, archive: str | None = None) -> int:
    """Print what the run found; return the exit code that it deserves. `archive` is named in the advice given."""
    from heuresis.archive.records import RunStatus
    from heuresis.cli import render

    status, champion = result.run.status, result.champion
    if as_json:
        found = None
        if champion is not None:
            test = champion.test.to_dict()
            found = {"id": champion.id, "select": champion.select, "test": test, "source": champion.source}
        document = {"run": result.run.id, "status": status.value, "reason": result.reason}
        render.emit(document | {"evaluations": result.evaluations, "champion": found})
    elif champion is not None:
        _print_champion(champion, problem, archive)
    if status is RunStatus.INTERRUPTED:
        render.say(f"interrupted; go on with: heuresis resume {result.run.id}{_where(archive)}")
        return INTERRUPTED
    if status is RunStatus.FAILED:
        render.say(f"the run failed: {result.reason}")
        return FAILED
    return DONE


def _print_champion(champion: "Champion", problem: "Problem", archive: str | None) -> None:
    from heuresis.cli import render
    from heuresis.cli.browse import print_source

    console = render.out()
    percent = problem.objective.fraction
    value = render.number(champion.select, percent=percent) + (" %" if percent else "")
    short = render.short(champion.id)
    console.print()
    console.print(f"champion {short} by {champion.proposer}, {value} on select:")
    console.print()
    print_source(champion.source)
    console.print()
    render.print_comparison(champion.test)
    where = _where(archive)
    for words in (f"show {short}{where}", f"explain {short}{where}", f"export {short}{where} -o rule.py"):
        console.print(f"heuresis {words}", style="dim", soft_wrap=True)


def _where(archive: str | None) -> str:
    from heuresis.archive.masking import shown

    return f" --archive {shlex.quote(shown(archive))}" if archive else ""
