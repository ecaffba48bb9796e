"""Side metrics: what a program does to everything that is not the objective, beside a classical rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from heuresis.problems.constraints import Metrics
from heuresis.problems.problem import Problem


@dataclass(frozen=True, slots=True)
class Side:
    """One metric of a program beside that of a baseline on the same instances. `arrow`: which way, better or worse."""

    metric: str
    unit: str
    meaning: str
    value: float | None
    baseline: str  # the name of the classical rule
    than: float | None
    arrow: str


def beside(problem: Problem, metrics: Metrics, measured: Mapping[str, Metrics]) -> tuple[Side, ...]:
    """The metrics that the problem shows or constrains, of a program and of its yardstick, in the problem's order.

    `measured` has the metrics of all that were evaluated, by name. Empty where the yardstick is not among them or is
    the program itself, and without metrics of the program.
    """
    yardstick = problem.yardstick
    reached = measured.get(yardstick)
    if not metrics or not reached or metrics is reached:
        return ()
    constrained = {one.metric for one in problem.constraints}
    shown = [one for one in problem.metrics if one.shown or one.name in constrained]
    found = []
    for one in shown:
        value, than = metrics.get(one.name), reached.get(one.name)
        if value is None and than is None:
            continue
        arrow = "" if value is None or than is None else one.arrow(value, than)
        found.append(Side(one.name, one.unit, one.meaning, value, yardstick, than, arrow))
    return tuple(found)
