"""Lists of jobs as tables: a row for each job with its processing time and its due date."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import repeated, shown, whole_word
from heuresis.problems.tables import Row, table
from heuresis.problems.tardiness.instances import LARGEST_SIZE, LARGEST_TIME, TardinessInstance
from heuresis.problems.texts import words

_NAMES: Mapping[str, tuple[str, ...]] = {
    "p": ("p", "processing_time", "processing", "proc_time", "duration", "p_j", "pj"),
    "d": ("d", "due_date", "due", "deadline", "d_j", "dj"),
    "job": ("job", "job_id", "id", "j"),
    "instance": ("instance", "instance_id"),
    "weight": ("w", "weight", "w_j", "wj"),
}


def is_job_list(text: str) -> bool:
    """Whether the first line with words names a column of processing times and one of due dates."""
    first = 0
    header = []
    for line, word in words(text):
        first = first or line
        if line != first:
            break
        header.append(word.strip("\"'"))
    return {"p", "d"} <= set(_places(header)) or (len(header) > 1 and {"p", "d"} & set(_places(header)) != set())


def read_job_list(text: str, path: Path, notes: list[str]) -> list[TardinessInstance]:
    """The jobs of a table, all of one instance or by the column `instance`; other columns are left.

    Raises InstanceError that names the file and the line.
    """
    found = table(text.splitlines(keepends=True), path)
    places = _places(found.header)
    missing = [part for part in ("p", "d") if part not in places]
    if missing:
        raise InstanceError(
            f"{path}, line {found.line}: a list of jobs needs the columns p and d; got {shown(','.join(found.header))}"
        )
    rows: dict[str, list[Row]] = {}
    for row in found.rows:
        rows.setdefault(row[1][places["instance"]].strip() if "instance" in places else "", []).append(row)
    if not rows:
        raise InstanceError(f"{path}: the list has no jobs")
    if "weight" in places:
        notes.append(f"{path.name}: its weights are dropped")
    return [_instance(name or path.name.split(".")[0], jobs, places, path) for name, jobs in rows.items()]


def _instance(name: str, rows: Sequence[Row], places: Mapping[str, int], path: Path) -> TardinessInstance:
    if len(rows) > LARGEST_SIZE:
        raise InstanceError(f"{path}: {name} has {len(rows)} jobs; expected at most {LARGEST_SIZE}")
    if "job" in places:
        jobs = [cells[places["job"]].strip() for _, cells in rows]
        if len(set(jobs)) < len(jobs):
            raise InstanceError(f"{path}: the job {shown(repeated(jobs))} of {name} stands there twice")
    p = [_time(row, places["p"], "p", 1, path) for row in rows]
    d = [_time(row, places["d"], "d", 0, path) for row in rows]
    if sum(p) > LARGEST_TIME:
        raise InstanceError(f"{path}: the processing times of {name} must add up to at most 2**40, got {sum(p)}")
    return TardinessInstance(name, np.array(p, dtype=np.int64), np.array(d, dtype=np.int64), {"n": len(p)})


def _time(row: Row, place: int, what: str, least: int, path: Path) -> int:
    line, cells = row
    found = whole_word(cells[place].strip())
    if found is None or not least <= found <= LARGEST_TIME:
        raise InstanceError(f"{path}, line {line}: {what} must be {least} to 2**40, got {shown(cells[place])}")
    return found


def _places(header: Sequence[str]) -> dict[str, int]:
    """The column of each part."""
    plain = [name.strip().lower().replace(" ", "_") for name in header]
    return {
        part: next(plain.index(name) for name in names if name in plain)
        for part, names in _NAMES.items()
        if any(name in plain for name in names)
    }
