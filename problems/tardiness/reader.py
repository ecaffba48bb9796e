"""Readers of total-tardiness instances: Heuresis' JSON format, OR-Library weighted-tardiness files, lists of jobs."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from heuresis.problems.problem import InstanceError, InstanceSet
from heuresis.problems.reading import apart, check_count, json_rows, labels, name_of, shown, whole, whole_word
from heuresis.problems.tardiness.instances import (
    LARGEST_SIZE,
    LARGEST_SOLVED,
    LARGEST_TIME,
    TardinessInstance,
    fingerprint,
    without_optima,
)
from heuresis.problems.tardiness.job_lists import is_job_list, read_job_list
from heuresis.problems.texts import read_text, words

ORLIB_SIZES = (40, 50, 100)
ORLIB_COUNT = 125
"""Instances in each of the OR-Library's files wt40, wt50 and wt100."""

_FIELDS = frozenset({"name", "p", "d", "optimum"})


def read(paths: Sequence[Path]) -> InstanceSet:
    """Read files (JSON, OR-Library text or a list of jobs; any may be gzipped) into one set, in the order given.

    Raises InstanceError that names the file and the line or field.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    instances: list[TardinessInstance] = []
    notes: list[str] = []
    for path in paths:
        text = read_text(path)
        if text.lstrip().startswith(("{", "[")):
            instances += _read_json(text, path)
        elif is_job_list(text):
            instances += read_job_list(text, path, notes)
        else:
            instances += _read_orlib(text, path)
            notes.append(f"{path.name}: an OR-Library weighted-tardiness file; its weights are dropped")
    notes += [f"{note}; --solve proves those of up to {LARGEST_SOLVED} jobs" for note in without_optima(instances)]
    found = apart(instances, notes)
    return InstanceSet(", ".join(path.name for path in paths), found, fingerprint(found), tuple(notes))


def _read_json(text: str, path: Path) -> list[TardinessInstance]:
    rows = json_rows(text, path)
    return [_instance(row, f"{path}: instances[{i}]", f"{path.name}[{i}]") for i, row in enumerate(rows)]


def _instance(row: Any, where: str, default_name: str) -> TardinessInstance:
    if not isinstance(row, dict):
        raise InstanceError(f"{where}: expected an object, got {shown(row)}")
    for key in ("p", "d"):
        if key not in row:
            raise InstanceError(f"{where}: the field {key!r} is missing")
    p, d = _times(row["p"], f"{where}.p", 1, "a positive integer"), _times(row["d"], f"{where}.d", 0, "0 or more")
    if len(p) != len(d):
        raise InstanceError(f"{where}: p has {len(p)} entries and d has {len(d)}; expected as many")
    check_count(row, where, len(p), "jobs")
    if sum(p) > LARGEST_TIME:
        raise InstanceError(f"{where}.p: the sum must be at most 2**40, got {sum(p)}")
    name = name_of(row, where, default_name)
    optimum = whole(row.get("optimum"))
    if row.get("optimum") is not None and (optimum is None or not 0 <= optimum <= LARGEST_TIME * LARGEST_SIZE):
        raise InstanceError(f"{where}.optimum: expected an integer of 0 or more, or null, got {shown(row['optimum'])}")
    return TardinessInstance(
        name,
        np.array(p, dtype=np.int64),
        np.array(d, dtype=np.int64),
        labels(row, _FIELDS, where),
        optimum,
        optimum is not None,
    )


def _times(values: Any, where: str, least: int, expected: str) -> list[int]:
    """The times of 1 to `LARGEST_SIZE` jobs. Raises InstanceError where they are not as expected."""
    if not isinstance(values, list) or not 1 <= len(values) <= LARGEST_SIZE:
        got = f"{len(values)} of them" if isinstance(values, list) else shown(values)
        raise InstanceError(f"{where}: expected a list of 1 to {LARGEST_SIZE} integers, got {got}")
    return [_time(value, f"{where}[{i}]", least, expected) for i, value in enumerate(values)]


def _time(value: Any, where: str, least: int, expected: str) -> int:
    found = whole(value)
    if found is None or found < least:
        raise InstanceError(f"{where}: expected {expected}, got {shown(value)}")
    if found > LARGEST_TIME:
        raise InstanceError(f"{where}: expected at most 2**40, got {shown(value)}")
    return found


def _read_orlib(text: str, path: Path) -> list[TardinessInstance]:
    """OR-Library (Beasley 1990, doi:10.1057/jors.1990.166): per instance n p's, n weights, n d's, no header.

    n comes from a file name such as `wt40.txt`, else it is the one of 40, 50 and 100 that makes 125 instances.
    """
    numbers: list[int] = []
    lines: list[int] = []  # of each number, for messages
    for line, word in words(text):
        number = whole_word(word)
        if number is None:
            raise InstanceError(f"{path}, line {line}: expected integers, got {shown(word)}")
        numbers.append(number)
        lines.append(line)
    n = _orlib_size(path, len(numbers))
    instances = []
    for k in range(len(numbers) // (3 * n)):
        at = 3 * n * k
        for i in range(at, at + 3 * n):
            least = 1 if i < at + n else 0
            if not least <= numbers[i] <= LARGEST_TIME:
                kind = "p" if i < at + n else "weight" if i < at + 2 * n else "d"
                expected = f"{least} to 2**40"
                raise InstanceError(f"{path}, line {lines[i]}: {kind} must be {expected}, got {numbers[i]}")
        p, d = numbers[at : at + n], numbers[at + 2 * n : at + 3 * n]
        name = f"{path.name.split('.')[0]}-{k + 1}"
        instances.append(TardinessInstance(name, np.array(p, dtype=np.int64), np.array(d, dtype=np.int64), {"n": n}))
    return instances


def _orlib_size(path: Path, count: int) -> int:
    """The number of jobs n, given how many numbers the file has."""
    named = re.match(r"wt(\d{1,4})(?!\d)", path.name, re.IGNORECASE)
    if named and 1 <= int(named[1]) <= LARGEST_SIZE:
        n = int(named[1])
        if count == 0 or count % (3 * n):
            raise InstanceError(f"{path}: {count} numbers are not a multiple of 3n = {3 * n} (n from the file's name)")
        return n
    for n in ORLIB_SIZES:
        if count == 3 * n * ORLIB_COUNT:
            return n
    raise InstanceError(
        f"{path}: neither JSON nor an OR-Library weighted-tardiness file: {count} numbers do not make "
        f"{ORLIB_COUNT} instances of 40, 50 or 100 jobs; name the file wt<n>.txt to give another n"
    )
