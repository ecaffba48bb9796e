"""Figures as plain data: a problem says what to draw, the command line draws it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.aliases import Floats

POINTS = 2000
"""At most so many points of a curve over time."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One named line. `y` holds from each `x` on until the next one where `steps` is true; `x` does not decrease."""

    name: str
    x: Floats
    y: Floats
    steps: bool = False

    def __post_init__(self) -> None:
        if self.x.shape != self.y.shape or self.x.ndim != 1:
            raise ValueError(f"{self.name}: x and y must be 1-D and of one length, got {self.x.shape}, {self.y.shape}")


@dataclass(frozen=True, slots=True)
class Figure:
    """Curves over the same axes; `log_x` draws the horizontal axis logarithmically."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    log_x: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that is done from `start` to `end`; `late` by itself where it should have been done earlier."""

    name: str
    start: float
    end: float
    late: bool = False


@dataclass(frozen=True, slots=True)
class Gantt:
    """Bars over time, a row for each name: who did what when."""

    title: str
    x_label: str
    rows: Mapping[str, Sequence[Bar]]


def cumulative(name: str, values: Floats) -> Curve:
    """The share of the values that are at most x; those that are not there (NaN) count as never reached."""
    there = np.sort(values[~np.isnan(values)])
    return Curve(name, there, np.arange(1, len(there) + 1) / max(1, len(values)), steps=True)


def thinned(rows: Floats) -> Floats:
    """At most `POINTS` of the rows, evenly spread, the first and the last one kept."""
    if len(rows) <= POINTS:
        return rows
    return rows[np.unique(np.linspace(0, len(rows) - 1, POINTS).round().astype(np.int64))]
