"""What PROGRAM and PROBLEM mean on the command line."""

import functools
import math
import os
import re
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heuresis.cli import problem_files
from heuresis.cli.errors import USAGE, UserError
from heuresis.cli.kinds import otherwise
from heuresis.cli.render import short
from heuresis.sandbox.names import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heuresis.archive.records import Run
    from heuresis.archive.store import Archive
    from heuresis.evolve.config import Config
    from heuresis.problems.problem import Choice, InstanceSet, Problem


_DATA = frozenset({".json", ".jsonl", ".csv", ".txt", ".gz"})
"""Endings of files of instances: no program has them."""


@dataclass(frozen=True, slots=True)
class Named:
    """A program as it was asked for: `label` is what tables show."""

    label: str
    id: str
    source: str


def open_archive(url: str | None) -> "Archive":
    """Open the archive at a URL or path, to record in it; None means the default."""
    from heuresis.archive.store import Archive

    return Archive.open(url)


def archive_file(url: str | None) -> Path | None:
    """The file of an archive, which need not exist; None for one that lies in no file."""
    from heuresis.archive.location import default_location, place_of

    place = place_of(url or default_location())
    return None if place.in_memory else place.file


def read_archive(url: str | None) -> "Archive":
    """Open an archive to look into it: nothing is made. Where the default one does not exist yet it is empty.

    Raises UserError where one that was named does not exist.
    """
    from heuresis.archive.store import Archive

    file = archive_file(url)
    if file is None or file.exists():
        return Archive.open(url, reading=True)
    if url is not None:
        raise UserError(f"there is no archive at {shown_archive(url)}; check --archive")
    _tell_missing(file)
    return open_archive(":memory:")


@functools.cache
def _tell_missing(file: Path) -> None:
    """Say once that the archive which the environment names is not there, in case its name was mistyped."""
    if os.environ.get("HEURESIS_ARCHIVE"):
        from heuresis.cli import render

        render.say(f"HEURESIS_ARCHIVE names {file}, where there is no archive yet")


def existing_archive(url: str | None, wanted: str) -> "Archive":
    """Open an archive, to look into it, in which something is to be found. Raises UserError where there is none."""
    from heuresis.archive.location import default_location

    file = archive_file(url)
    if file is not None and not file.exists():
        where = shown_archive(url or default_location())
        raise UserError(f"cannot find {wanted}: there is no archive at {where}; check --archive or HEURESIS_ARCHIVE")
    return read_archive(url)


def shown_archive(url: str) -> str:
    """A path or URL as it may be printed: without a password."""
    from heuresis.archive.location import place_of

    return place_of(url).where


def find_problem(name: str, choice: "Choice | None" = None) -> "Problem":
    """The problem of that name, or the one that a Python file registers, as it is asked for.

    Raises UserError where the problem's file cannot be executed: its defects are its author's to see, in one line;
    UnknownChoice where the problem has not what the choice asks for; InstanceError where its files cannot be read or
    cut.
    """
    found = _registered(name)
    if choice is not None:
        found = found.asked(choice)
    problem_files.remember(name)
    return found


def check_reading(given: "Choice", instances: "Sequence[Path | str] | None") -> None:
    """Raise UserError where an option of reading has no instance files to change, or is none that can be."""
    from heuresis.problems.problem import TIME_UNITS

    for name in ("rate", "limit", "load", "noise", "slo", "time_unit", "solve"):
        if getattr(given, name) is not None and not instances:
            raise UserError(
                f"--{name.replace('_', '-')} changes what is read from files: say --instances FILE as well", USAGE
            )
    if given.time_unit is not None and given.time_unit not in TIME_UNITS:
        raise UserError(f"--time-unit: expected one of {', '.join(TIME_UNITS)}, got {given.time_unit}", USAGE)
    for option, number, what in (("--rate", given.rate, "factor"), ("--load", given.load, "share of the capacity")):
        if number is not None and not 0 < number < math.inf:
            raise UserError(f"{option}: expected a positive, finite {what}, got {number:g}", USAGE)
    if given.rate is not None and given.load is not None:
        raise UserError("--rate and --load: expected one of the two, both set the rate of arrivals", USAGE)


def _registered(name: str) -> "Problem":
    from heuresis.evaluators.sequential.choosing import SimulateError
    from heuresis.problems import registry

    try:
        return registry.get(name)
    except registry.UnknownProblem as error:
        raise UserError(f"{error}{otherwise(name, 'problem')}", USAGE) from error
    except SimulateError:  # they say file and line themselves
        raise
    except SystemExit as stop:
        raise UserError(f"{name} ended the program while it was loaded: sys.exit({stop.code!r})") from stop
    except Exception as error:
        if not name.endswith(".py"):
            raise
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == Path(name).name]
        if str(error).startswith(f"{Path(name).name}, line "):  # it says so itself
            raise UserError(str(error)) from error
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        where = "" if line is None else f", line {line}"
        raise UserError(f"{name}{where}: {type(error).__name__}: {error}") from error


def find_program(text: str, problem: "Problem | None", archive: "str | None") -> Named:
    """A file, a baseline's name or a program id, tried in that order.

    Without a problem the baselines of all registered problems count. The archive is opened only for ids. Raises
    UserError where nothing fits.
    """
    from heuresis.archive.records import candidate_id

    path = Path(text)
    if path.suffix in _DATA and path.is_file():
        raise UserError(
            f"{text} looks like a file of instances, expected a program; --instances is given once for each file "
            f"(--instances A --instances {text})",
            USAGE,
        )
    if path.suffix == ".py" or path.is_file():
        source = read_program(path)
        return Named(text, candidate_id(source), source)
    found = [baseline for one in _problems(problem) if (baseline := one.baseline(text))]
    if len(found) > 1:
        raise UserError(f"{text} is a baseline of several problems; say which with --problem", USAGE)
    if found:
        return Named(text, candidate_id(found[0].source), found[0].source)
    if not re.fullmatch("c_[0-9a-f]+|[0-9a-f]{4,}", text):
        known = listed((b.name for one in _problems(problem) for b in one.baselines), text)
        raise UserError(
            f"no program {text!r}{otherwise(text, 'program')}: expected a file ending in .py, a program id (c_…) or a "
            f"baseline: {known}",
            USAGE,
        )
    with existing_archive(archive, text) as opened:
        full = opened.find(text)
        return Named(short(full), full, opened.source(full))


def problem_of(program: Named, problem: str | None, archive: str | None) -> "Problem":
    """The problem that a program belongs to: as said, the one it was evaluated on, or the one whose baseline it is.

    Where nothing tells and there is only one problem, it is that.
    """
    from heuresis.archive.records import candidate_id
    from heuresis.problems import registry

    if problem is not None:
        return find_problem(problem)
    with read_archive(archive) as opened:
        names = {evaluation.problem for evaluation in opened.evaluations(program.id)}
        if len(names) == 1:
            return _recorded_problem(names.pop(), program, opened)
    registered = [registry.get(name) for name in registry.names()]
    for one in registered:
        if any(candidate_id(baseline.source) == program.id for baseline in one.baselines):
            return one
    if len(registered) == 1 and not names:
        return registered[0]
    raise UserError(f"cannot tell the problem of {program.label}; say it with --problem", USAGE)


def recorded_settings(run: "Run", archive: "Archive") -> "Config":
    """The settings of a run, as resumes left them. Raises UserError where they are none that a run can have."""
    from heuresis.evolve.config import Config
    from heuresis.evolve.extending import extended

    with _settings(archive, f"table runs, row {run.id}, column config"):
        config = Config.from_json(run.config)
    with _settings(archive, f"table extensions, row {run.id}, column changes"):
        return extended(config, archive.extensions(run.id))


@contextmanager
def _settings(archive: "Archive", cell: str) -> "Iterator[None]":
    """Turn what is wrong with settings that were read from a cell into a UserError."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise UserError(
            f"archive {archive.where}: {cell}: {error}; restore a copy, or give another path with --archive"
        ) from error


def _recorded_problem(name: str, program: Named, archive: "Archive") -> "Problem":
    """A problem by the name that the archive has; the runs know the file of one that came from a file."""
    from heuresis.problems import registry

    if name in registry.names():
        return find_problem(name)
    files = [recorded_settings(one.run, archive).problem for one in archive.runs() if one.run.problem == name]
    for file in files:
        if Path(file).is_file():
            problem_files.check_named(file)
            if (found := _registered(file)).name == name:
                return found
    raise UserError(f"{program.label} is for the problem {name!r} of a file; say --problem FILE.py", USAGE)


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


def known_problem(name: str) -> "Problem | None":
    """The problem that the archive calls so; None where it came from a file or a package that is not here any more."""
    from heuresis.problems import registry

    return registry.get(name) if name in registry.names() else None


def find_instances(
    problem: "Problem", split: str | None, files: list[Path] | None, default: str, family: str | None = None
) -> "InstanceSet":
    """The instances of the files where there are any and no split is named, else of the split.

    What a reader left out, and how it cut files, is said. Raises UserError where a family was asked for that changes
    nothing.
    """
    from heuresis.cli import render
    from heuresis.problems.problem import SPLITS

    whole = bool(files) and split is None
    split = split or default
    if family is not None and (files or split == "test"):
        why = "of --instances" if files else "of `test`, which is the same for all families; add --split select"
        raise UserError(f"--family {family} chooses no instances {why}", USAGE)
    if whole and files:
        if problem.read is None:
            raise UserError(f"{problem.name} reads no instance files; use --split", USAGE)
        found = problem.read(files)
    elif split not in SPLITS:
        raise UserError(f"no split {split!r}: expected one of {listed(SPLITS, split)}", USAGE)
    else:
        for note in problem.notes:
            render.say(f"note: {note}")
        found = problem.splits[split]()
    for note in found.notes:
        render.say(f"note: {note}")
    return found


def _problems(problem: "Problem | None") -> "list[Problem]":
    from heuresis.problems import registry

    return [problem] if problem is not None else [registry.get(name) for name in registry.names()]
