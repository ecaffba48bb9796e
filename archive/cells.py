"""The cells of one row, read as what they must be. SQLite holds texts, numbers and blobs in any column."""

import json
import math
import re
import reprlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from heuresis.archive.records import FaultyRow

ADVICE = "`heuresis archive check` lists all faults; restore a copy, or give another path with --archive"
"""What to do about a faulty row."""

LONGEST_NAME = 1 << 10
"""Characters of a name: of a run, a problem, a model, an operator."""

LONGEST_TEXT = 1 << 15
"""Characters of what is said to people: reasons, messages, errors."""

LONGEST_SOURCE = 1 << 20
"""Characters of a proposed program: more than any reply has, and far more than the screen lets pass."""

LONGEST_TALK = 1 << 23
"""Characters of a prompt or a reply."""

LONGEST_JSON = 1 << 22
"""Characters of a JSON text: far beyond any instance set or settings."""

MOST_VALUES = 100_000
"""Instances of one evaluation."""

MOST_METRICS = 1_000
"""Metrics of one evaluation."""

DEEPEST_JSON = 16
"""Lists and objects within each other; settings have three."""

WHOLE = (1 << 63) - 1
"""The largest integer that a column holds."""

_CANDIDATE = re.compile("c_[0-9a-f]{64}")
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 60
_PID = 1 << 31
_NUMBERS = {int, float, type(None)}


def shortened(value: object) -> str:
    """A value as a message shows it."""
    return _SHOWN.repr(value)


class Cells:
    """One row of a table. Every method raises FaultyRow where a cell is not what it must be."""

    def __init__(self, table: str, row: Mapping[Any, Any], *key: str, advice: str = ADVICE) -> None:
        self._table, self._row, self._key, self._advice = table, row, key, advice

    def fault(self, expected: str, column: str, got: str | None = None) -> FaultyRow:
        """The error that says what is wrong with a column; `got` in place of what stands there."""
        row = ", ".join(_named(self._row[name]) for name in self._key)
        got = f"got {shortened(self._row[column])}" if got is None else got
        advice = f"; {self._advice}" if self._advice else ""
        return FaultyRow(f"table {self._table}, row {row}, column {column}: expected {expected}, {got}{advice}")

    def text(self, column: str, most: int = LONGEST_NAME) -> str:
        """A text of at most so many characters."""
        value = self._row[column]
        if not isinstance(value, str):
            raise self.fault("a text", column)
        if len(value) > most:
            raise self.fault(f"a text of at most {most} characters", column, f"got {len(value)}")
        return value

    def optional_text(self, column: str, most: int = LONGEST_NAME) -> str | None:
        """A text of at most so many characters, or NULL."""
        return None if self._row[column] is None else self.text(column, most)

    def candidate(self, column: str) -> str:
        """The id of a program."""
        value = self._row[column]
        if not isinstance(value, str) or not _CANDIDATE.fullmatch(value):
            raise self.fault("the id of a program (c_ and 64 hexadecimal digits)", column)
        return value

    def optional_candidate(self, column: str) -> str | None:
        """The id of a program or NULL."""
        return None if self._row[column] is None else self.candidate(column)

    def choice(self, column: str, known: Collection[str]) -> str:
        """One of the texts that are known."""
        value = self._row[column]
        if not isinstance(value, str) or value not in known:
            raise self.fault(f"one of {', '.join(known)}", column)
        return value

    def whole(self, column: str, least: int = 0, most: int = WHOLE) -> int:
        """An integer within bounds."""
        value = self._row[column]
        if type(value) is not int or not least <= value <= most:
            raise self.fault(f"an integer from {least} to {most}", column)
        return value

    def optional_whole(self, column: str) -> int | None:
        """An integer of 0 or more, or NULL."""
        return None if self._row[column] is None else self.whole(column)

    def number(self, column: str, least: float = -math.inf) -> float:
        """A finite number of `least` or more."""
        value = self._row[column]
        if not finite(value) or value < least:
            bound = "" if least == -math.inf else f" of {least:g} or more"
            raise self.fault(f"a finite number{bound}", column)
        return float(value)

    def optional_number(self, column: str, least: float = -math.inf) -> float | None:
        """A finite number or NULL."""
        return None if self._row[column] is None else self.number(column, least)

    def date(self, column: str) -> datetime:
        """A date with a time zone."""
        expected = "an ISO 8601 date with a time zone"
        try:
            when = datetime.fromisoformat(self.text(column))
            in_range = when.tzinfo is not None and when.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.fault(expected, column) from error
        if not in_range:
            raise self.fault(expected, column)
        return when

    def owner(self, column: str) -> str:
        """A process, as `host:pid`."""
        value = self.text(column)
        process = value.rpartition(":")[2]
        if ":" not in value or not re.fullmatch("[0-9]{1,10}", process) or not 0 < int(process) < _PID:
            raise self.fault("a process as HOST:PID", column)
        return value

    def json_object(self, column: str) -> dict[str, Any]:
        """A JSON object, not nested deeply."""
        value = self._json(column, "a JSON object")
        if not isinstance(value, dict):
            raise self.fault("a JSON object", column)
        if _deeper(value, DEEPEST_JSON):
            raise self.fault("a JSON object", column, f"got one nested more than {DEEPEST_JSON} deep")
        return value

    def json_numbers(self, column: str) -> tuple[float | None, ...]:
        """A JSON list of finite numbers and nulls."""
        expected = "a JSON list of finite numbers and nulls"
        value = self._json(column, expected)
        if not isinstance(value, list) or not all_finite(value):
            raise self.fault(expected, column)
        if len(value) > MOST_VALUES:
            raise self.fault(f"at most {MOST_VALUES} values", column, f"got {len(value)}")
        return tuple(None if one is None else float(one) for one in value)

    def json_metrics(self, column: str) -> dict[str, float | None]:
        """A JSON object of finite numbers and nulls."""
        expected = "a JSON object of finite numbers and nulls"
        value = self._json(column, expected)
        if not isinstance(value, dict) or not all_finite(value.values()):
            raise self.fault(expected, column)
        if len(value) > MOST_METRICS or any(len(name) > LONGEST_NAME for name in value):
            most = f"at most {MOST_METRICS} metrics with names of at most {LONGEST_NAME} characters"
            raise self.fault(most, column, f"got {len(value)} metrics")
        return value

    def _json(self, column: str, expected: str) -> object:
        text = self.text(column, LONGEST_JSON)
        try:
            value: object = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise self.fault(expected, column) from error
        return value


def finite(value: object) -> bool:
    """Whether this is a number that a float can hold, neither NaN nor infinite."""
    return value is not None and all_finite((value,))


def all_finite(values: Collection[Any]) -> bool:
    """Whether these are nulls and numbers that a float can hold; a row may hold thousands."""
    if not set(map(type, values)) <= _NUMBERS:
        return False
    try:
        return all(map(math.isfinite, filter(None, values)))
    except OverflowError:
        return False


def _named(value: object) -> str:
    """One part of a row's key, as it is where it is a plain name or number."""
    return str(value) if re.fullmatch(r"[\w.:-]{1,80}", str(value)) else shortened(value)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _deeper(value: object, most: int) -> bool:
    """Whether lists and objects lie within each other more than so deep."""
    layer = [value]
    for _ in range(most + 1):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True
