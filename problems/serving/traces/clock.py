"""The times in traces: dates, or numbers in a unit that the file tells or the reader is told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from heuresis.problems.problem import TIME_UNITS, InstanceError
from heuresis.problems.reading import shown
from heuresis.problems.serving.traces.columns import Columns
from heuresis.problems.serving.traces.trace import number

DENSEST = 10.0
"""Requests per second beyond which times that are milliseconds by their format alone may be seconds just as well."""

_DATE = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII
)
_EPOCH = (946_684_800, 4_102_444_800)
"""The years 2000 to 2100, in seconds since 1970: times as large say their unit."""
_LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Times:
    """Times as they stand in a file, `unit` of them a second, and what was assumed, in words for people."""

    ticks: Sequence[int | float]
    unit: int
    note: str | None = None


def times(cells: Sequence[Any], where: Sequence[str], columns: Columns, asked: str | None) -> Times:
    """What these cells say; `asked` is the unit that the reader was told.

    Raises InstanceError where one is no time, or where they may be seconds or milliseconds.
    """
    name = columns.names["arrival"]
    if _are_dates(cells[0], columns):
        return Times(
            [_nanoseconds(cell, place, name) for cell, place in zip(cells, where, strict=True)], TIME_UNITS["ns"]
        )
    ticks = [_tick(cell, place, name) for cell, place in zip(cells, where, strict=True)]
    if asked is not None:
        return Times(ticks, TIME_UNITS[asked])
    unit = next((unit for unit in TIME_UNITS if _EPOCH[0] <= ticks[0] / TIME_UNITS[unit] <= _EPOCH[1]), None)
    if unit is not None:
        return Times(ticks, TIME_UNITS[unit])
    if columns.unit is not None and columns.sure:
        return Times(ticks, TIME_UNITS[columns.unit])
    return _guessed(ticks, where[0], columns)


def _guessed(ticks: Sequence[int | float], where: str, columns: Columns) -> Times:
    """What times most likely are of which the names of columns do not say it."""
    name, span = columns.names["arrival"], ticks[-1] - ticks[0]
    rate = (len(ticks) - 1) / span if span > 0 else 0.0  # requests in one of the unknown unit
    broken = any(isinstance(tick, float) and not tick.is_integer() for tick in ticks)
    if columns.unit == "ms" and rate * TIME_UNITS["ms"] <= DENSEST:
        return Times(
            ticks, TIME_UNITS["ms"], f"{name} is read as milliseconds ({rate * 1_000:.3g} requests/s; --time-unit)"
        )
    if broken:
        return Times(ticks, TIME_UNITS["s"], f"{name} is read as seconds ({rate:.3g} requests/s; --time-unit)")
    raise InstanceError(
        f"{where}: {name}: the file does not say whether its times are seconds ({rate:.3g} requests/s) or milliseconds "
        f"({rate * 1_000:.3g} requests/s); say which: --time-unit s or --time-unit ms"
    )


def _are_dates(first: Any, columns: Columns) -> bool:
    """Whether times are dates, or meant as such by their format."""
    if not isinstance(first, str):
        return False
    return _DATE.fullmatch(first.strip()) is not None or (columns.dated and not _is_number(first))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _tick(cell: Any, where: str, name: str) -> int | float:
    """A time as it stands there; integers keep all their digits."""
    value = number(cell, where, name, 0.0, _LATEST)
    text = cell.strip() if isinstance(cell, str) else cell
    return int(text) if type(text) is int or (isinstance(text, str) and text.isdecimal()) else value


def _nanoseconds(cell: Any, where: str, name: str) -> int:
    """A date as nanoseconds since 1970."""
    match = _DATE.fullmatch(cell.strip()) if isinstance(cell, str) else None
    try:
        seconds = _seconds(match) if match else -1
    except ValueError:
        seconds = -1
    if match is None or seconds < 0:
        raise InstanceError(
            f"{where}: {name} must be a date since 1970 such as 2023-11-16 18:17:03.9799600, got {shown(cell)}"
        )
    return seconds * 10**9 + int((match[5] or "").ljust(9, "0"))


def _seconds(match: re.Match[str]) -> int:
    offset = (match[6] or "Z").replace("UTC", "Z")
    zone = UTC
    if offset != "Z":
        sign = -1 if offset[0] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])))
    return int(datetime.fromisoformat(f"{match[1]}-{match[2]}-{match[3]} {match[4]}").replace(tzinfo=zone).timestamp())
