"""What a metric is: a number about schedules beside the objective, its unit, and which direction is better."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Better(StrEnum):
    """Which values of a metric are better."""

    SMALLER = "smaller"
    LARGER = "larger"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a problem. `shown`: tables of a champion have it beside the objective."""

    name: str
    meaning: str
    unit: str = ""  # empty: a count or a pure number
    better: Better = Better.SMALLER
    shown: bool = False

    def arrow(self, value: float, than: float) -> str:
        """`↓ better`, `↑ worse` and so on: how a value moved against another, and what that means; `=` where equal."""
        if math.isclose(value, than, rel_tol=1e-9):
            return "="
        way = "↓" if value < than else "↑"
        if self.better is Better.NEITHER:
            return way
        return f"{way} {'better' if (value < than) == (self.better is Better.SMALLER) else 'worse'}"


def metric(metrics: Iterable[Metric], name: str) -> Metric | None:
    """The metric of that name, if there is one."""
    return next((one for one in metrics if one.name == name), None)
