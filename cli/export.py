"""Commands that take programs out and in: `export import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heuresis.cli.context import context_of, in_context
from heuresis.cli.errors import FAILED, USAGE, UserError
from heuresis.cli.options import (
    ArchiveOption,
    EngineOption,
    FamilyOption,
    GuardsOption,
    JsonOption,
    ObjectiveOption,
    ProblemOption,
    ProgramArgument,
    RunOption,
    SubjectToOption,
    WorkersOption,
)
from heuresis.cli.programs import (
    Named,
    find_problem,
    find_program,
    open_archive,
    problem_of,
    read_archive,
    read_program,
)
from heuresis.cli.writing import ForceOption, check_free

if TYPE_CHECKING:
    from heuresis.archive.export import Subject
    from heuresis.cli.context import Context
    from heuresis.problems.problem import Problem


def export(
    program: ProgramArgument,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="What to make. So far: python.")] = "python",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="File or folder. Default: the code to standard output."),
    ] = None,
    problem: ProblemOption = None,
    objective: ObjectiveOption = None,
    engine: EngineOption = None,
    run: RunOption = None,
    force: ForceOption = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a program as code for other systems, with a manifest beside it."""
    from heuresis.archive.export import TARGETS
    from heuresis.cli import render, terminal
    from heuresis.problems.problem import Choice

    if to not in TARGETS:
        raise UserError(f"no export target {to!r}: expected {', '.join(TARGETS)}", USAGE)
    named = find_program(program, find_problem(problem) if problem else None, archive)
    wanted = problem_of(named, problem, archive)
    context = context_of(wanted.name, [named], run, archive)
    wanted = in_context(wanted, Choice(objective=objective, engine=engine), context, files=False)
    if output is not None:
        written = write_export(named, wanted, to, output, archive, context, force=force)
        if as_json:
            render.emit({"id": named.id, "target": to, "written": [str(path) for path in written], "files": []})
        else:
            render.say("wrote " + ", ".join(str(path) for path in written))
        return
    made = TARGETS[to].export(_subject(named, wanted, archive, context))
    if as_json:
        files = [{"name": name, "text": text} for name, text in made.files.items()]
        render.emit({"id": named.id, "target": to, "written": [], "files": files})
    else:
        terminal.write(made.files[made.main])


def write_export(
    named: Named,
    problem: "Problem",
    target: str,
    output: Path,
    archive: str | None,
    context: "Context | None" = None,
    *,
    force: bool,
) -> list[Path]:
    """Export a program into a folder, or the main file to a path and the others beside it under its stem.

    Raises UserError where one of them exists, but for `force`.
    """
    from heuresis.archive.export import TARGETS

    made = TARGETS[target].export(_subject(named, problem, archive, context))
    if output.is_dir():
        places = {output / name: text for name, text in made.files.items()}
    else:
        places = {
            output if name == made.main else output.with_name(output.stem + Path(name).suffix): text
            for name, text in made.files.items()
        }
    if len(places) < len(made.files):
        expected = f"expected a file that ends in {Path(made.main).suffix}, or a folder"
        raise UserError(f"-o {output}: the code and its manifest would be the same file; {expected}", USAGE)
    check_free(places, force=force)
    for place, text in places.items():
        place.write_text(text, encoding="utf-8")
    return list(places)


def _subject(named: Named, problem: "Problem", archive: str | None, context: "Context | None") -> "Subject":
    """The program with what the archive knows of it, which may be nothing."""
    from heuresis.archive.export import Subject
    from heuresis.archive.queries import program
    from heuresis.archive.records import UnknownId

    try:
        with read_archive(archive) as opened:
            opened.find(named.id)
            evaluations = [one for one in opened.evaluations(named.id) if one.problem == problem.name]
            origin = program(opened, named.id, problem.name).origin
            words, of_run = ("", "") if context is None else (context.config.choice.words(), context.run)
            return Subject(named.source, named.id, problem, evaluations, words, origin, of_run)
    except UnknownId:  # a file or a baseline needs no archive; an id was looked up there already
        return Subject(named.source, named.id, problem)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A program file.")],
    problem: Annotated[str, typer.Option("--problem", metavar="PROBLEM", help="The problem it is for.")],
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    subject_to: SubjectToOption = None,
    guards: GuardsOption = None,
    workers: WorkersOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a program of your own with its results on `search` and `select`, so that `top` lists it.

    Exit code 1, and nothing is recorded, where it does not fit the contract.
    """
    from heuresis.archive.records import candidate_id
    from heuresis.cli import render
    from heuresis.cli.measured import run_programs
    from heuresis.problems.problem import Choice

    choice = Choice(family, objective, subject_to=tuple(subject_to or ()), guards=guards is not False)
    wanted = find_problem(problem, choice)
    source = read_program(file)
    named = Named(str(file), candidate_id(source), source)
    evaluations = [run_programs(wanted, [named], wanted.splits[split](), workers)[0] for split in ("search", "select")]
    for evaluation in evaluations:
        if not evaluation.ok:
            raise UserError(f"{file}: {evaluation.status.replace('_', ' ')}: {evaluation.message}", FAILED)
    with open_archive(archive) as opened:
        opened.record_candidate(source)
        for evaluation in evaluations:
            opened.record_evaluation(evaluation)
    if as_json:
        scores = {"search": evaluations[0].aggregate, "select": evaluations[1].aggregate}
        render.emit({"id": named.id, "family": wanted.choice.family, **scores})
    else:
        aim = wanted.objective
        told = ", ".join(f"{one.split} {render.score(one.aggregate, percent=aim.fraction)}" for one in evaluations)
        render.out().print(f"{named.id}", soft_wrap=True)
        render.out().print(f"{aim.shown}: {told} (smaller is better)", soft_wrap=True)
