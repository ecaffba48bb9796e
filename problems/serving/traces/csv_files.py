"""Traces of serving in CSV: Azure's, BurstGPT's, and the plain `arrived_at,prefill,decode`."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import shown
from heuresis.problems.serving.traces.trace import Trace, ascending, natural, number, numbered

AZURE = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
BURST_GPT = ("Timestamp", "Request tokens", "Response tokens")
PLAIN = ("arrived_at", "prefill", "decode")

_DATE = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?", re.ASCII)
_LATEST_SECONDS = 1e12
"""Traces may be stamped with the time of day since 1970; what is simulated begins at their first arrival."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows of a CSV file that are not blank, as texts, and the lines on which they end."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def where(self, row: int) -> str:
        return f"{self.path}, line {self.lines[row]}"

    def column(self, name: str) -> list[str]:
        at = self.header.index(name)
        return [row[at] for row in self.rows]

    def optional(self, name: str) -> list[str] | None:
        return self.column(name) if name in self.header else None

    def naturals(self, name: str, least: int) -> list[int]:
        return [natural(text, self.where(i), name, least) for i, text in enumerate(self.column(name))]

    def numbers(self, name: str, least: float, most: float) -> list[float]:
        return [number(text, self.where(i), name, least, most) for i, text in enumerate(self.column(name))]

    def first(self, limit: int | None) -> "_Table":
        return _Table(self.path, self.header, self.rows[:limit], self.lines[:limit])

    def keep(self, wanted: Sequence[bool]) -> "_Table":
        pairs = [(row, line) for row, line, good in zip(self.rows, self.lines, wanted, strict=True) if good]
        return _Table(self.path, self.header, [row for row, _ in pairs], [line for _, line in pairs])


def read_csv(text: str, path: Path, limit: int | None, notes: list[str]) -> Trace:
    """The first `limit` requests of a trace in one of the three formats, told by its columns; other columns are left.

    Raises InstanceError that names the file, the line and the column.
    """
    table = _table(text, path)
    for one in _FORMATS:
        if set(one.columns) <= set(table.header):
            if not table.rows:
                raise InstanceError(f"{path}: the file has no requests")
            table = _answered(table, one.columns, notes) if one.unanswered else table
            return one.make(table.first(limit))
    nearest = max(_FORMATS, key=lambda one: len(set(one.columns) & set(table.header)))
    missing = [column for column in nearest.columns if column not in table.header]
    if len(missing) < len(nearest.columns):
        raise InstanceError(
            f"{path}, line 1: of the columns of {nearest.title} these are missing: {', '.join(missing)}"
        )
    known = "; ".join(f"{one.title}: {','.join(one.columns)}" for one in _FORMATS)
    raise InstanceError(f"{path}, line 1: expected JSON or the columns of a trace ({known}), got {shown(table.header)}")


def _table(text: str, path: Path) -> _Table:
    reader = csv.reader(io.StringIO(text))
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not row:
                continue
            if header is None:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise InstanceError(f"{path}, line {reader.line_num}: expected {len(header)} fields, got {len(row)}")
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise InstanceError(f"{path}, line {reader.line_num}: neither JSON nor CSV: {error}") from error
    if header is None:
        raise InstanceError(f"{path}: the file is empty")
    if len(set(header)) < len(header):
        raise InstanceError(f"{path}, line 1: a column stands there twice: {shown(','.join(header))}")
    return _Table(path, header, rows, lines)


def _answered(table: _Table, columns: Sequence[str], notes: list[str]) -> _Table:
    """Without requests that have no prompt or got no answer, of which published traces have some."""
    _, prompt, output = columns
    pairs = zip(table.naturals(prompt, 0), table.naturals(output, 0), strict=True)
    wanted = [p > 0 and o > 0 for p, o in pairs]
    if not any(wanted):
        raise InstanceError(f"{table.path}: no request has both a prompt and an answer")
    if not all(wanted):
        count = len(wanted) - sum(wanted)
        notes.append(f"{table.path.name}: {count} requests without a prompt or an answer are left out")
    return table.keep(wanted)


def _made(table: _Table, columns: Sequence[str], arrivals: Sequence[float]) -> Trace:
    """A trace of the three columns that every format has."""
    arrival, prompt, output = columns
    return Trace(
        name=table.path.name,
        where=str(table.path),
        place=table.where,
        arrival=ascending(arrivals, table.where, arrival),
        prompt=np.array(table.naturals(prompt, 1), dtype=np.int64),
        output=np.array(table.naturals(output, 1), dtype=np.int64),
    )


def _azure(table: _Table) -> Trace:
    """The LLM inference traces of Azure (Patel et al. 2024, Splitwise, ISCA; Stojkovic et al. 2025, HPCA)."""
    nanoseconds = [_date(text, table.where(i)) for i, text in enumerate(table.column(AZURE[0]))]
    return _made(table, AZURE, [(one - nanoseconds[0]) / 1e9 for one in nanoseconds])


def _date(text: str, where: str) -> int:
    """A date as nanoseconds since 1970."""
    match = _DATE.fullmatch(text.strip())
    try:
        seconds = datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp() if match else None
    except ValueError:
        seconds = None
    if match is None or seconds is None or seconds < 0:
        raise InstanceError(
            f"{where}: TIMESTAMP must be a date since 1970 such as 2023-11-16 18:17:03.9799600, got {shown(text)}"
        )
    return int(seconds) * 10**9 + int((match[2] or "").ljust(9, "0"))


def _burst_gpt(table: _Table) -> Trace:
    """BurstGPT (Wang et al. 2024, arXiv:2401.17644); a session is one program of one client."""
    trace = _made(table, BURST_GPT, table.numbers(BURST_GPT[0], 0.0, _LATEST_SECONDS))
    sessions = table.optional("Session ID")
    if sessions is None:
        return trace
    program = _owners(sessions)
    return replace(trace, program=program, client=program)


def _plain(table: _Table) -> Trace:
    """Three columns, and perhaps `estimate`, `client`, `program` and `slo` (the name of a class of the engine)."""
    trace = _made(table, PLAIN, table.numbers(PLAIN[0], 0.0, _LATEST_SECONDS))
    clients, programs = table.optional("client"), table.optional("program")
    estimates = table.numbers("estimate", 1.0, 1 << 30) if "estimate" in table.header else None
    return replace(
        trace,
        estimate=None if estimates is None else np.array(estimates, dtype=np.float64),
        client=None if clients is None else numbered(clients),
        program=None if programs is None else _owners(programs),
        classes=table.optional("slo"),
    )


def _owners(names: Sequence[str]) -> Ints:
    """Numbers of names; each request without one is by itself."""
    return numbered(name.strip() or i for i, name in enumerate(names))


@dataclass(frozen=True, slots=True)
class _Format:
    """A format: its columns of arrival, prompt and output, and whether some of its requests have no answer."""

    title: str
    columns: tuple[str, str, str]
    unanswered: bool
    make: Callable[[_Table], Trace]


_FORMATS = (
    _Format("Azure", AZURE, True, _azure),
    _Format("BurstGPT", BURST_GPT, True, _burst_gpt),
    _Format("a plain trace", PLAIN, False, _plain),
)
