"""What a program is called outside of the command line: a baseline, a file, an id of the archive, or its own text."""

import difflib
from pathlib import Path

from heuresis.archive.store import Archive
from heuresis.problems.problem import Problem


class ProgramError(ValueError):
    """There is no program of this name; says what was expected, what came and what to do."""


def source_of(program: str | Path, problem: Problem, archive: Archive | None = None) -> str:
    """The text of a program: of the baseline of this name, of a file, of an id (a unique prefix), or itself.

    Raises ProgramError where there is none, and ArchiveError where the archive has no such id.
    """
    if isinstance(program, Path):
        return _read(program)
    if "\n" in program:
        return program
    if (baseline := problem.baseline(program)) is not None:
        return baseline.source
    if program.endswith(".py"):
        return _read(Path(program))
    if archive is not None and program.startswith("c_"):
        return archive.source(archive.find(program))
    raise ProgramError(_unknown(program, problem))


def _read(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProgramError(f"{path}: expected a file with a program, got {error}") from error


def _unknown(program: str, problem: Problem) -> str:
    names = [one.name for one in problem.baselines]
    near = difflib.get_close_matches(program, names, 1)
    hint = f"did you mean {near[0]}?" if near else f"its baselines are {', '.join(names)}"
    return (
        f"{problem.name}: no program {program!r}: expected a baseline's name, a path that ends in .py, a program id "
        f"(c_…) or the text of a program; {hint}"
    )
