"""Commands that search: `evolve resume crown`."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli import problem_files
from heuresis.cli.model_options import (
    ApiKeyEnvOption,
    AttemptsOption,
    ConcurrencyOption,
    ExtraBodyOption,
    MaxTokensOption,
    PriceInOption,
    PriceOutOption,
    ReasoningEffortOption,
    RequestTimeoutOption,
    TemperatureOption,
    model_settings,
)
from heuresis.cli.options import (
    ArchiveOption,
    EngineOption,
    FamilyOption,
    GuardsOption,
    JsonOption,
    LimitOption,
    LoadOption,
    NoiseOption,
    NoTestOption,
    ObjectiveOption,
    OwnInstancesOption,
    RateOption,
    ReplicasOption,
    RunArgument,
    SloOption,
    SolveOption,
    SubjectToOption,
    TimeoutOption,
    TimeUnitOption,
    WeakSandboxOption,
    WorkersOption,
)
from heuresis.cli.outcome import print_result, report, where
from heuresis.cli.programs import check_reading, existing_archive, find_problem, open_archive, recorded_settings
from heuresis.cli.settings import asked_first, make_config, parse_mix, read_settings, seed_programs

if TYPE_CHECKING:
    from heuresis.cli.live import View
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
    instances: OwnInstancesOption = None,
    rate: RateOption = None,
    load: LoadOption = None,
    limit: LimitOption = None,
    replicas: ReplicasOption = None,
    noise: NoiseOption = None,
    slo: SloOption = None,
    time_unit: TimeUnitOption = None,
    solve: SolveOption = False,
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
        typer.Option("--minutes", metavar="T", help="Stop after T minutes, but for the final table. Default: 5."),
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
    max_tokens: MaxTokensOption = None,
    request_timeout: RequestTimeoutOption = None,
    attempts: AttemptsOption = None,
    temperature: TemperatureOption = None,
    reasoning_effort: ReasoningEffortOption = None,
    extra_body: ExtraBodyOption = None,
    concurrency: ConcurrencyOption = None,
    api_key_env: ApiKeyEnvOption = None,
    price_in: PriceInOption = None,
    price_out: PriceOutOption = None,
    no_test: NoTestOption = False,
    allow_weak_sandbox: WeakSandboxOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search for better programs; ends with the champion's test table.

    Ctrl-C stops after what is under way and leaves a run that `heuresis resume` goes on with.
    """
    from heuresis.cli import render
    from heuresis.evolve.run import start
    from heuresis.problems.problem import Choice

    settings = read_settings(problem)
    given: dict[str, Any] = {
        "family": family,
        "objective": objective,
        "engine": engine,
        "instances": tuple(str(file) for file in instances) if instances else None,
        "rate": rate,
        "load": load,
        "limit": limit,
        "replicas": replicas,
        "noise": noise,
        "slo": slo,
        "time_unit": time_unit,
        "solve": solve or None,
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
    said = model_settings(
        extra_body,
        max_tokens=max_tokens,
        request_timeout=request_timeout,
        attempts=attempts,
        temperature=temperature,
        reasoning_effort=reasoning_effort,
        concurrency=concurrency,
        api_key_env=api_key_env,
        price_in=price_in,
        price_out=price_out,
    )
    settings |= asked_first(said, settings)
    asked = {name: settings[name] for name in (one.name for one in fields(Choice)) if name in settings}
    choice = Choice(**{"guards": True, **asked})
    check_reading(choice, choice.instances)
    wanted = find_problem(settings["problem"], choice)
    if wanted.constraints:
        render.say(f"minimised: {wanted.chosen}" + _without_guards(wanted))
    listed = settings.pop("from", ())
    settings |= seed_programs(seeds or list(listed), wanted, archive)
    config = make_config(settings)
    with open_archive(archive) as opened, _view(wanted, as_json=as_json) as view:
        result = start(config, opened, view, allow_weak_sandbox=allow_weak_sandbox, table=not no_test)
    code = report(result, wanted, as_json=as_json, archive=archive)
    if code:
        raise typer.Exit(code)


def resume(
    run: RunArgument,
    evaluations: Annotated[
        int | None,
        typer.Option("--evaluations", metavar="N", help="New budget: N evaluated programs in all."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="T", help="New budget: T minutes in all."),
    ] = None,
    budget_usd: Annotated[
        float | None,
        typer.Option("--budget-usd", metavar="X", help="New budget: X dollars in all."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="M", help="From now on these models in place of the run's; may be repeated."),
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", metavar="URL", help="From now on the endpoint of the models.")
    ] = None,
    workers: WorkersOption = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", help="Refused unless it is the run's: its records rest on it.")
    ] = None,
    mix: Annotated[
        str | None, typer.Option("--mix", metavar="SHARES", help="Refused unless they are the run's, as with --seed.")
    ] = None,
    problem: Annotated[
        str | None, typer.Option("--problem", metavar="PROBLEM", help="Refused unless it is the run's, as with --seed.")
    ] = None,
    no_test: NoTestOption = False,
    allow_weak_sandbox: WeakSandboxOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that was stopped, died or used up its budgets, from what the archive has of it.

    Budgets are totals of the whole run: after `evolve --evaluations 100`, `--evaluations 300` evaluates 200 more.
    """
    from heuresis.evolve.extending import Changes
    from heuresis.evolve.run import resume as go_on

    changes = Changes(
        evaluations=evaluations,
        minutes=minutes,
        budget_usd=budget_usd,
        models=tuple(model) if model else None,
        api_base=api_base,
        workers=workers,
        seed=seed,
        problem=str(Path(problem).resolve()) if problem is not None and problem.endswith(".py") else problem,
        mix=parse_mix(mix) if mix else None,
    )
    found, named, wanted = _recorded(run, archive)
    weak, table = allow_weak_sandbox, not no_test
    with open_archive(archive) as opened, _view(wanted, as_json=as_json) as view:
        result = go_on(found, opened, view, problem=named, changes=changes, allow_weak_sandbox=weak, table=table)
    code = report(result, wanted, as_json=as_json, archive=archive)
    if code:
        raise typer.Exit(code)


def crown(
    run: RunArgument,
    allow_weak_sandbox: WeakSandboxOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the champion of a run that has ended and make its test table, as after `evolve --no-test`."""
    from heuresis.cli import render, terminal
    from heuresis.evolve.run import crown as choose

    found, named, wanted = _recorded(run, archive)
    with open_archive(archive) as opened, _view(wanted, as_json=as_json) as view:
        try:
            result = choose(found, opened, view, problem=named, allow_weak_sandbox=allow_weak_sandbox)
        except KeyboardInterrupt:
            terminal.insist(f"interrupted; the table is made by: heuresis crown {render.short(found)}{where(archive)}")
            raise
    print_result(result, wanted, as_json=as_json, archive=archive)


def _recorded(run: str, archive: str | None) -> "tuple[str, str, Problem]":
    """The full id of a run, and its problem as it is named and as it is asked for.

    It is looked at without writing: a broken archive stays as it is.
    """
    from heuresis.evolve.instances import check_files

    with existing_archive(archive, run) as looked_at:
        found = looked_at.run(run)
        looked_at.trials(found.id)
        config = recorded_settings(found, looked_at)
    problem_files.check_named(config.problem)
    check_files(found.id, config)
    return found.id, config.problem, find_problem(config.problem).asked(config.choice)


def _without_guards(problem: "Problem") -> str:
    """How the guards of the objective are left out, where it has any."""
    has = problem.choice.guards and problem.objective.name in problem.options.guards
    return " (--no-guards leaves out what the problem adds)" if has else ""


def _view(problem: "Problem", *, as_json: bool) -> "View":
    from heuresis.cli.live import View

    return View(percent=problem.objective.fraction, quiet=as_json)
