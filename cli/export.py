"""Commands that take programs out and in: `export import`."""

from pathlib import Path
from typing import Annotated

import typer

from heuresis.cli.errors import FAILED, USAGE, UserError
from heuresis.cli.options import ArchiveOption, JsonOption, ProblemOption, ProgramArgument, WorkersOption
from heuresis.cli.programs import Named, find_problem, find_program, open_archive, problem_of, read_program

TARGETS = ("python",)


def export(
    program: ProgramArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help="What to make: python, one file of plain Python.")
    ] = "python",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Default: standard output.")
    ] = None,
    problem: ProblemOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a program as code for other systems: a single Python file without dependencies."""
    from heuresis.archive.export.python import export_python
    from heuresis.cli import render

    if to not in TARGETS:
        raise UserError(f"no export target {to!r}: expected {', '.join(TARGETS)}", USAGE)
    named = find_program(program, find_problem(problem) if problem else None, archive)
    text = export_python(problem_of(named, problem, archive), named.id, named.source)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        path = str(output) if output else None
        render.emit({"id": named.id, "target": to, "path": path, "text": None if output else text})
    elif output is None:
        typer.echo(text.rstrip("\n"))
    else:
        render.say(f"wrote {output}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A program file.")],
    problem: Annotated[str, typer.Option("--problem", metavar="PROBLEM", help="The problem it is for.")],
    workers: WorkersOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a program of your own with its results on `search` and `select`, so that `top` lists it.

    Exit code 1, and nothing is recorded, where it does not fit the contract.
    """
    from heuresis.archive.records import candidate_id
    from heuresis.cli import render
    from heuresis.cli.evaluate import run_programs

    wanted = find_problem(problem)
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
        render.emit({"id": named.id, "search": evaluations[0].aggregate, "select": evaluations[1].aggregate})
    else:
        render.out().print(f"{named.id}", soft_wrap=True)
