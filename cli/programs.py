"""What PROGRAM and PROBLEM mean on the command line."""

import os
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heuresis.cli.errors import USAGE, UserError

if TYPE_CHECKING:
    from heuresis.archive.store import Archive
    from heuresis.problems.problem import InstanceSet, Problem


@dataclass(frozen=True, slots=True)
class Named:
    """A program as it was asked for: `label` is what tables show."""

    label: str
    id: str
    source: str


def open_archive(url: str | None) -> "Archive":
    """Open the archive at a URL or path; None means the default."""
    from heuresis.archive.store import Archive

    return Archive.open(url)


def find_problem(name: str) -> "Problem":
    """The problem of that name, or the one that a Python file registers.

    Raises UserError where the file cannot be executed: its defects are its author's to see, in one line.
    """
    from heuresis.problems import registry

    try:
        return registry.get(name)
    except registry.UnknownProblem:
        raise
    except Exception as error:
        if not name.endswith(".py"):
            raise
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == Path(name).name]
        where = f", line {frames[-1].lineno}" if frames else ""
        raise UserError(f"{name}{where}: {type(error).__name__}: {error}") from error


def find_program(text: str, problem: "Problem | None", archive: "str | None") -> Named:
    """A file, a baseline's name or a program id, tried in that order.

    Without a problem the baselines of all registered problems count. The archive is opened only for ids. Raises
    UserError where nothing fits.
    """
    from heuresis.archive.records import candidate_id

    path = Path(text)
    if path.suffix == ".py" or path.is_file():
        source = read_program(path)
        return Named(text, candidate_id(source), source)
    found = [baseline for one in _problems(problem) if (baseline := one.baseline(text))]
    if len(found) > 1:
        raise UserError(f"{text} is a baseline of several problems; say which with --problem", USAGE)
    if found:
        return Named(text, candidate_id(found[0].source), found[0].source)
    if not re.fullmatch("c_[0-9a-f]+|[0-9a-f]{4,}", text):
        known = ", ".join(b.name for one in _problems(problem) for b in one.baselines)
        raise UserError(
            f"no program {text!r}: expected a file ending in .py, a baseline ({known}) or a program id (c_…)", USAGE
        )
    with open_archive(archive) as opened:
        full = opened.find(text)
        return Named(short(full), full, opened.source(full))


def problem_of(program: Named, problem: str | None, archive: str | None) -> "Problem":
    """The problem that a program belongs to: as said, the one whose baseline it is, or the one it was evaluated on."""
    from heuresis.archive.records import candidate_id
    from heuresis.problems import registry

    if problem is not None:
        return find_problem(problem)
    registered = [registry.get(name) for name in registry.names()]
    if len(registered) == 1:
        return registered[0]
    for one in registered:
        if any(candidate_id(baseline.source) == program.id for baseline in one.baselines):
            return one
    with open_archive(archive) as opened:
        names = {evaluation.problem for evaluation in opened.evaluations(program.id)}
    if len(names) != 1:
        raise UserError(f"cannot tell the problem of {program.label}; say it with --problem", USAGE)
    return find_problem(names.pop())


def read_program(path: Path) -> str:
    """The text of a program file. Raises UserError where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", USAGE) from None
    except IsADirectoryError:
        raise UserError(f"{path} is a directory, expected a Python file", USAGE) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None


def find_instances(problem: "Problem", split: str, files: list[Path] | None) -> "InstanceSet":
    """The instances of the files where there are any, else of the split."""
    from heuresis.problems.problem import SPLITS

    if files:
        if problem.read is None:
            raise UserError(f"{problem.name} reads no instance files; use --split", USAGE)
        return problem.read(files)
    if split not in SPLITS:
        raise UserError(f"no split {split!r}: expected one of {', '.join(SPLITS)}", USAGE)
    return problem.splits[split]()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def short(candidate: str) -> str:
    """An id as tables show it, long enough to be unique in practice."""
    return candidate[:12]


def _problems(problem: "Problem | None") -> "list[Problem]":
    from heuresis.problems import registry

    return [problem] if problem is not None else [registry.get(name) for name in registry.names()]
