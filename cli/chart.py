"""Figures as text, for terminals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from heuresis.problems.figures import Curve, Figure, Gantt

MARKS = "•x+o*#@%&="
"""One for each curve; beyond them they repeat."""


IN_TIME, LATE = "░▒", "▓█"
"""Shades of bars, in turns."""


def chart(figure: "Figure", width: int = 72, height: int = 12) -> list[str]:
    """The figure as lines of text: title, plot, axis and legend. Curves drawn later hide earlier ones."""
    curves = [curve for curve in figure.curves if len(curve.x)]
    if not curves:
        return [figure.title, "nothing to draw"]
    low, high = _range(figure, curves)
    columns = np.geomspace(low, high, width) if figure.log_x else np.linspace(low, high, width)
    top = max(float(curve.y.max()) for curve in curves) or 1.0
    grid = [[" "] * width for _ in range(height)]
    for number, curve in enumerate(curves):
        mark = MARKS[number % len(MARKS)]
        for column, y in _drawn(curve, columns):
            row = height - 1 - round((height - 1) * min(max(y / top, 0.0), 1.0))
            grid[row][column] = mark
    lines = [f"{_short(top):>8} ┤{''.join(grid[0])}".rstrip()]
    lines += [f"{'':>8} │{''.join(row)}".rstrip() for row in grid[1:-1]]
    lines += [f"{'0':>8} ┤{''.join(grid[-1])}".rstrip(), f"{'':>8} └{'─' * width}"]
    left, right = _short(low), _short(high)
    lines.append(f"{'':>10}{left}{f'{figure.x_label}':^{width - len(left) - len(right)}}{right}")
    legend = "   ".join(f"{MARKS[i % len(MARKS)]} {curve.name}" for i, curve in enumerate(curves))
    return [f"{figure.title} ({figure.y_label})", *lines, f"{'':>10}{legend}"]


def bars(figure: "Gantt", width: int = 72) -> list[str]:
    """A Gantt chart as lines of text: bars one after another in turns of two shades, late ones in darker ones."""
    end = max((bar.end for row in figure.rows.values() for bar in row), default=0.0) or 1.0
    names = max(map(len, figure.rows), default=0)
    lines = [figure.title]
    for name, row in figure.rows.items():
        cells = [" "] * width
        for number, bar in enumerate(row):
            first = min(width - 1, int(width * bar.start / end))
            beyond = max(first + 1, int(width * bar.end / end))  # a short one is seen too
            mark = (LATE if bar.late else IN_TIME)[number % 2]
            cells[first:beyond] = [mark] * (beyond - first)
        lines.append(f"{name:>{names}} │{''.join(cells).rstrip()}")
    lines.append(f"{'':>{names}} └{'─' * width}")
    right = _short(end)
    lines.append(f"{'':>{names}}  0{f'{figure.x_label}':^{width - 1 - len(right)}}{right}")
    return [*lines, f"{'':>{names}}  {IN_TIME[0]} {IN_TIME[1]} in time   {LATE[0]} {LATE[1]} late"]


def _range(figure: "Figure", curves: "list[Curve]") -> tuple[float, float]:
    """From the smallest to the largest x; on a logarithmic axis from the smallest that is positive."""
    low = min(float(curve.x[0]) for curve in curves)
    high = max(float(curve.x[-1]) for curve in curves)
    if figure.log_x:
        positive = [float(curve.x[curve.x > 0][0]) for curve in curves if curve.x[-1] > 0]
        low = min(positive, default=1.0)
        high = max(high, low)
    return (low, high) if high > low else (low, low * 2 if low > 0 else low + 1.0)


def _drawn(curve: "Curve", columns: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
    """The value of a curve at each column that it reaches."""
    for number, x in enumerate(columns):
        if curve.steps:
            place = int(np.searchsorted(curve.x, x * (1 + 1e-12), side="right")) - 1
            if place >= 0:
                yield number, float(curve.y[place])
        elif curve.x[0] <= x <= curve.x[-1]:
            yield number, float(np.interp(x, curve.x, curve.y))


def _short(value: float) -> str:
    return f"{value:.3g}"
