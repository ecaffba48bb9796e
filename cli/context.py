"""In which context a program was found: how its run asked for the problem. The one place that answers this."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from heuresis.cli.errors import UserError
from heuresis.cli.programs import Named, read_archive, recorded_settings
from heuresis.cli.render import short

if TYPE_CHECKING:
    from heuresis.problems.problem import Choice, Problem


@dataclass(frozen=True, slots=True)
class Context:
    """The run that found a program, and how it asked for its problem."""

    run: str
    choice: "Choice"


def context_of(program: Named, problem: "Problem", archive: str | None) -> Context | None:
    """The context of a program named by its id; None for files and baselines, and for what no run has found."""
    from heuresis.archive.queries import found_by

    if program.label != short(program.id):
        return None
    with read_archive(archive) as opened:
        run = found_by(opened, program.id, problem.name)
        return None if run is None else Context(run.id, recorded_settings(run, opened).choice)


def in_context(problem: "Problem", programs: Sequence[Named], archive: str | None, **given: Any) -> "Problem":
    """The problem as the first of these programs that any run has found was searched for, but for what is `given`.

    `given` are fields of `Choice`; None, or no constraints: nobody has said anything about it. What is taken over is
    said on standard error, and also where another program was found otherwise. Raises UserError where what is taken
    over cannot be had here.
    """
    from heuresis.cli import render
    from heuresis.problems.problem import Choice

    said = {name: value for name, value in given.items() if value is not None and value != ()}
    known = [(one, context) for one in programs if (context := context_of(one, problem, archive)) is not None]
    if not known:
        return problem.asked(replace(Choice(), **said))
    (first, context), *others = known
    words = _words(problem, context)
    if words:
        options = ", ".join(map(_option, said, said.values()))
        render.say(f"note: {first.label} was found {words}" + (f"; {options} said otherwise" if options else ""))
    for other, its in others:
        if its.choice != context.choice:
            render.say(f"note: {other.label} was found {_words(problem, its)}, and stands here as {first.label} does")
    return _asked(problem, replace(context.choice, **said), f"{first.label} was found {words}")


def _option(name: str, value: object) -> str:
    """How a field of a choice is asked for on the command line."""
    return f"--{'no-' if value is False else ''}{name.replace('_', '-')}"


def _words(problem: "Problem", context: Context) -> str:
    """How a program was found; empty where nothing was asked for."""
    from heuresis.problems.problem import UnknownChoice

    choice = context.choice
    try:
        chosen = problem.asked(replace(choice, family=None, engine=None, rate=None, limit=None)).chosen
    except UnknownChoice:  # of a version that had other objectives or metrics
        chosen = choice.objective or ""
    parts = [f"by {chosen}" if chosen else "", choice.words()]
    words = ", ".join(part for part in parts if part)
    return f"{words} (run {context.run})" if words else ""


def _asked(problem: "Problem", choice: "Choice", why: str) -> "Problem":
    from heuresis.evaluators.serving.engine import EngineError
    from heuresis.problems.engines.files import UnknownEngine
    from heuresis.problems.problem import UnknownChoice

    try:
        return problem.asked(choice)
    except (UnknownChoice, UnknownEngine, EngineError) as error:
        raise UserError(f"{error} ({why}; options such as --objective and --engine ask for another)") from error
