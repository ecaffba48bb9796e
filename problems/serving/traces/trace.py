"""What readers of serving traces share: a trace of requests, free of any engine, and how its columns are read."""

import json
import math
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import shown
from heuresis.problems.serving.instances import LARGEST_TIME, LARGEST_TOKENS

Value = TypeVar("Value")

STEP = 3
"""Seconds between the ticks of the Mooncake traces."""

_NATURAL = re.compile(r"(\d{1,15})(\.0*)?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Requests as a file has them, in the order of their arrival: what it does not say is None.

    `arrival` in seconds, `prompt` and `output` in tokens. `classes` are names or numbers of service levels.
    `hashes` are ids of blocks of `hash_size` tokens of each prompt, the last perhaps not full; equal ids after equal
    ids mean equal content. `labels` are scalars of the file to group tables by.
    """

    name: str
    where: str  # the file or the place in it, for messages
    place: Callable[[int], str]  # that of one request
    arrival: Floats
    prompt: Ints
    output: Ints
    estimate: Floats | None = None
    client: Ints | None = None
    program: Ints | None = None
    classes: Sequence[str] | None = None
    after: Ints | None = None
    gap: Floats | None = None
    hashes: Sequence[Sequence[int]] | None = None
    hash_size: int | None = None  # None: the engine's block size
    labels: dict[str, str | int | float] = field(default_factory=dict)


def natural(cell: Any, where: str, what: str, least: int, most: int = LARGEST_TOKENS) -> int:
    """A natural number, perhaps written as 100.0. Raises InstanceError that says where."""
    match = _NATURAL.fullmatch(_text(cell, where, what))
    if not match:
        raise InstanceError(f"{where}: {what} must be an integer of {least} or more, got {shown(cell)}")
    value = int(match[1])
    if not least <= value <= most:
        raise InstanceError(f"{where}: {what} must be an integer of {least} to {most}, got {value}")
    return value


def number(cell: Any, where: str, what: str, least: float = 0.0, most: float = LARGEST_TOKENS) -> float:
    """A decimal number. Raises InstanceError that says where."""
    text = _text(cell, where, what)
    try:
        value = float("nan" if "_" in text else text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InstanceError(f"{where}: {what} must be a number, got {shown(cell)}")
    if not least <= value <= most:
        kind = "negative" if value < 0 else f"outside of {least:g} to {most:g}"
        raise InstanceError(f"{where}: {what} must not be {kind}, got {shown(cell)}")
    return value


def _text(cell: Any, where: str, what: str) -> str:
    """A cell of a table as a text. Raises InstanceError where there is none."""
    if cell is None:
        raise InstanceError(f"{where}: the field {what!r} is missing")
    return cell.strip() if isinstance(cell, str) else json.dumps(cell, default=repr)


def ascending(arrivals: Sequence[float], where: Callable[[int], str], what: str, cells: Sequence[Any] = ()) -> Floats:
    """Arrivals as an array from 0 on. Raises InstanceError where one is before the one before it.

    `cells` are what stands in the file, for messages, where that is something else.
    """
    array = np.array(arrivals, dtype=np.float64)
    steps = np.diff(array)
    if np.any(steps < 0):
        i = int(np.argmax(steps < 0)) + 1
        late, early = (cells[i], cells[i - 1]) if cells else (f"{array[i]:.9g}", f"{array[i - 1]:.9g}")
        raise InstanceError(
            f"{where(i)}: {what} {late} is before that of the request before it, {early}; sort the file by {what}"
        )
    array -= array[0]
    if array[-1] > LARGEST_TIME:
        raise InstanceError(f"{where(len(array) - 1)}: {what} is more than 1e9 seconds after the first")
    return array


def numbered(values: Iterable[Hashable]) -> Ints:
    """The numbers 0, 1, … of values in the order in which they are first seen."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def spread(ticks: Sequence[float], per_second: int) -> list[float]:
    """Seconds of arrivals whose clock only ticks now and then: those of one tick, evenly until the next.

    At most `STEP` seconds, so that idle times stay idle. A tick with one request stays as it is. Sorted, as the ticks
    are, of which `per_second` are a second.
    """
    different, counts = np.unique(np.array(ticks), return_counts=True)
    step = STEP * per_second
    widths = np.minimum(np.append(np.diff(different), step), step)
    result: list[float] = []
    for tick, width, count in zip(different.tolist(), widths.tolist(), counts.tolist(), strict=True):
        result += [(tick + width * i / count) / per_second for i in range(count)]
    return result
