"""Commands that look at the archive: `runs top show lineage`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli.context import context_of, in_context, on_files
from heuresis.cli.families import (
    compared_on,
    family_of,
    family_of_run,
    files_of_run,
    label_of_run,
    setting,
    subject_of_run,
)
from heuresis.cli.options import (
    ArchiveOption,
    FamilyOption,
    GuardsOption,
    JsonOption,
    ObjectiveOption,
    ProblemArgument,
    ProgramArgument,
    SubjectToOption,
)
from heuresis.cli.programs import Named, find_problem, find_program, known_problem, read_archive
from heuresis.cli.render import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heuresis.archive.queries import ProgramRow
    from heuresis.archive.records import Evaluation, RunSummary
    from heuresis.archive.store import Archive
    from heuresis.cli.context import Context
    from heuresis.problems.problem import Choice, Problem


def runs(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """List runs, newest first, with status, best on the search set, and cost."""
    from heuresis.cli import render

    with read_archive(archive) as opened:
        found = opened.runs()
    if as_json:
        render.emit({"runs": [_run_row(summary) for summary in found]})
        return
    if not found:
        render.say("no runs yet; `heuresis evolve smtt` starts one")
        return
    columns = ("run", "problem", "status", "evaluations", "best", "champion", "usd", "sandbox", "started", "reason")
    made = render.table(*columns, right=("evaluations", "best", "usd"), firm=("run", "problem", "status", "champion"))
    for summary in found:
        run = summary.run
        made.add_row(
            short(run.id),
            label_of_run(run),
            summary.state,
            f"{summary.evaluations:,}",
            render.score(summary.best, percent=_in_percent(run.problem)),
            short(run.champion) if run.champion else "–",
            f"{summary.usd:.4f}" if summary.usd else "0",
            run.sandbox_level,
            render.ago(run.created),
            render.brief(run.reason),
        )
    render.print_table(made, ("usd", "reason", "started", "sandbox", "problem", "evaluations", "champion"))


def top(
    problem: ProblemArgument,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many programs to list.")] = 10,
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    subject_to: SubjectToOption = None,
    guards: GuardsOption = None,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="The run whose instances, engine and objective are meant."),
    ] = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the best programs of a problem: best first on `select`, those known on `search` only after them."""
    from heuresis.archive.queries import top as best
    from heuresis.cli import render
    from heuresis.problems.problem import Choice

    given = Choice(family, objective, subject_to=tuple(subject_to or ()), guards=guards)
    wanted = find_problem(problem)
    context = context_of(wanted.name, (), run, archive)
    if context is None:
        wanted = wanted.asked(replace(given, guards=guards is not False))
    else:
        wanted = in_context(wanted, given, context, files=False)
    with read_archive(archive) as opened:
        apart = set(on_files(opened)) - set(context.instances.values() if context else ())
        compared = _compared(wanted, context)
        rows = best(opened, wanted.name, limit, objective=wanted.chosen, instances=compared, without=apart)
    if as_json:
        document: dict[str, Any] = {
            "problem": wanted.name,
            "family": wanted.choice.family,
            "objective": wanted.objective.name,
            "constraints": [str(one) for one in wanted.constraints],
            "run": None if context is None else context.run,
            "files": [] if context is None else list(context.config.instances),
        }
        render.emit(document | {"programs": [_program_row(row) for row in rows]})
    elif rows:
        _print_top(wanted, context, rows)
    else:
        if apart and context is None:
            render.say("programs of runs on instance files are listed by run: --run RUN (`heuresis runs` lists them)")
        _say_none_yet(problem, wanted, given)


def _say_none_yet(name: str, wanted: "Problem", given: "Choice") -> None:
    """That a problem, as it is asked for, has no programs yet, and which command makes some."""
    from heuresis.cli import render

    kind = f" ({wanted.choice.family})" if wanted.choice.family else ""
    by = f" by {wanted.chosen}" if wanted.chosen else ""
    option = f" --family {given.family}" if given.family else ""
    option += f" --objective {given.objective}" if given.objective else ""
    option += "".join(f" --subject-to '{one}'" for one in given.subject_to)
    option += " --no-guards" if given.guards is False else ""
    render.say(f"no programs for {wanted.name}{kind}{by} yet; `heuresis evolve {name}{option}` makes some")


def _print_top(wanted: "Problem", context: "Context | None", rows: "Sequence[ProgramRow]") -> None:
    from heuresis.cli import render

    percent = wanted.objective.fraction
    unit = " %" if percent else ""
    columns = ("program", f"select{unit}", f"search{unit}", f"test{unit}", "nodes", "origin", "operator", "run")
    title = f"{wanted.name} on {wanted.choice.family} instances" if wanted.choice.family else None
    if context is not None and context.instances:
        title = f"{wanted.name} on {context.names}"
    if wanted.constraints:
        title = f"{title or wanted.name} by {wanted.chosen}; worse by a penalty where a constraint is broken"
    made = render.table(*columns, right=columns[1:5], firm=(columns[0], *columns[5:]), title=title)
    for row in rows:
        made.add_row(
            short(row.id),
            *(render.number(value, percent=percent) for value in (row.select, row.search, row.test)),
            str(row.code_size),
            row.origin,
            row.operator,
            short(row.run or ""),
        )
    render.print_table(made, ("run", "operator", "nodes", "origin", f"search{unit}", f"test{unit}"))


def show(
    program: ProgramArgument,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one program: source, scores, origin."""
    from heuresis.cli import render

    named = find_program(program, None, archive)
    with read_archive(archive) as opened:
        evaluations = opened.evaluations(named.id)
        families, own = [family_of(one) for one in evaluations], on_files(opened)
        row = _row_of(opened, named, evaluations, families, own)
    if as_json:
        document = _program_row(row) if row else {"id": named.id, "source": named.source}
        listed = [
            _evaluation_row(one) | {"family": kind, "files": _files_of(one, own)}
            for one, kind in zip(evaluations, families, strict=True)
        ]
        render.emit(document | {"evaluations": listed})
        return
    console = render.out()
    console.print(named.id, style="bold", soft_wrap=True)
    if row is not None and row.run is not None:
        console.print(
            f"made by {row.origin} ({row.operator}) as proposal {row.number} of {short(row.run)}", soft_wrap=True
        )
    console.print()
    print_source(named.source)
    if evaluations:
        columns = ("problem", "instances", "fingerprint", "aggregate", "status", "metrics")
        made = render.table(*columns, right=("aggregate",), firm=("instances", "fingerprint"))
        for one, kind in zip(evaluations, families, strict=True):
            metrics = ", ".join(f"{name} {render.number(value)}" for name, value in one.metrics.items())
            note = one.status if one.ok else render.brief(f"{one.status}: {one.message}")
            by = f" by {one.objective}" if one.objective else ""
            of = kind or ", ".join(Path(file).name for file in _files_of(one, own))
            made.add_row(
                f"{one.problem}@{one.problem_version}{by}",
                f"{one.split} ({of})" if of else one.split,
                one.fingerprint[:12],
                render.score(one.aggregate, percent=_is_fraction(one)),
                note,
                render.brief(metrics),
            )
        render.print_table(made, ("fingerprint",))


def lineage(
    program: ProgramArgument,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a program comes from: the program itself, its parents, their parents, each once."""
    from heuresis.archive.queries import lineage as ancestry
    from heuresis.cli import render

    named = find_program(program, None, archive)
    with read_archive(archive) as opened:
        evaluations = opened.evaluations(named.id)
        own = on_files(opened)
        compared = compared_on(evaluations, [family_of(one) for one in evaluations], own)
        apart = set(own) - set(compared.values())
        percent = any(map(_is_fraction, evaluations))
        found = ancestry(opened, named.id, instances=compared, without=apart)
    if as_json:
        rows = [_program_row(one.program) | {"depth": one.depth, "parents": list(one.parents)} for one in found]
        render.emit({"id": named.id, "lineage": rows})
        return
    columns = ("generation", "program", "search", "select", "origin", "operator", "run", "proposal", "parents")
    firm = ("program", "origin", "operator", "run")
    made = render.table(*columns, right=("generation", "search", "select", "proposal"), firm=firm)
    for one in found:
        row = one.program
        made.add_row(
            f"-{one.depth}" if one.depth else "0",
            short(row.id),
            render.score(row.search, percent=percent),
            render.score(row.select, percent=percent),
            row.origin,
            row.operator,
            short(row.run or ""),
            "" if row.number is None else str(row.number),
            " ".join(short(parent) for parent in one.parents),
        )
    render.print_table(made, ("run", "proposal", "operator", "search", "origin", "select"))


def print_source(source: str) -> None:
    """A program with colours where the terminal has them, and otherwise as it is; as plain text in both."""
    from heuresis.cli import console, render, terminal

    printed = render.out()
    if printed.is_terminal:
        printed.print(console.source(source), soft_wrap=True)
    else:
        terminal.write(source)


def _in_percent(problem: str) -> bool:
    """Whether a problem's aggregates are fractions; one that is not known here any more is shown as it is."""
    known = known_problem(problem)
    return known is not None and known.objective.fraction


def _is_fraction(evaluation: "Evaluation") -> bool:
    """Whether an aggregate is shown in percent: a gap, where the instances had references."""
    return _in_percent(evaluation.problem) and evaluation.metrics.get("agg_gap", 0.0) is not None


def _run_row(summary: "RunSummary") -> dict[str, Any]:
    run = summary.run
    return {
        "id": run.id,
        "problem": run.problem,
        "version": run.problem_version,
        "family": family_of_run(run),
        "objective": setting(run, "objective"),
        "engine": setting(run, "engine"),
        "instances": files_of_run(run),
        "subject_to": subject_of_run(run),
        "status": summary.state,
        "reason": run.reason,
        "evaluations": summary.evaluations,
        "proposals": summary.proposals,
        "best": summary.best,
        "usd": summary.usd,
        "seed": run.seed,
        "created": run.created,
        "sandbox": run.sandbox_level,
        "champion": run.champion,
    }


def _program_row(row: "ProgramRow") -> dict[str, Any]:
    return {
        "id": row.id,
        "aggregate": row.search if row.select is None else row.select,
        "origin": row.origin,
        "operator": row.operator,
        "run": row.run,
        "number": row.number,
        "search": row.search,
        "select": row.select,
        "test": row.test,
        "code_size": row.code_size,
        "source": row.source,
    }


def _evaluation_row(evaluation: "Evaluation") -> dict[str, Any]:
    return {
        "problem": evaluation.problem,
        "version": evaluation.problem_version,
        "objective": evaluation.objective,
        "split": evaluation.split,
        "fingerprint": evaluation.fingerprint,
        "status": evaluation.status,
        "message": evaluation.message,
        "aggregate": evaluation.aggregate,
        "metrics": dict(evaluation.metrics),
        "run": evaluation.run,
        "number": evaluation.number,
    }


def _compared(problem: "Problem", context: "Context | None") -> "Mapping[str, str]":
    """By split the instances on which programs are listed: those of a run, or of the problem's family."""
    if context is None or problem.choice.family is not None:
        return problem.comparable()
    return context.instances or {split: make().fingerprint for split, make in problem.splits.items()}


def _files_of(evaluation: "Evaluation", own: "Mapping[str, Context]") -> list[str]:
    """The instance files of a run of which a part was evaluated on; none for all other instances."""
    context = own.get(evaluation.fingerprint)
    return [] if context is None else list(context.config.instances)


def _row_of(
    archive: "Archive",
    named: Named,
    evaluations: "Sequence[Evaluation]",
    families: "Sequence[str | None]",
    own: "Mapping[str, Context]",
) -> "ProgramRow | None":
    """What the archive knows of a program; None where it has never seen it (a file, an unused baseline)."""
    from heuresis.archive.queries import program
    from heuresis.archive.records import UnknownId

    try:
        archive.find(named.id)
    except UnknownId:
        return None
    compared = compared_on(evaluations, families, own)
    return program(archive, named.id, instances=compared, without=set(own) - set(compared.values()))
