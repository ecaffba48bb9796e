"""Constraints on times as simulators get them, so that tuning in the sandbox minds what scores are judged by."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.limits import TIME_NAMES, TIMES
from heuresis.evaluators.serving.results import Results
from heuresis.problems.constraints import Constraint


def limit_arrays(
    constraints: Sequence[Constraint], instances: int, reached: Callable[[str], Sequence[Results]]
) -> Mapping[str, NDArray[np.generic]]:
    """The part of a payload that `evaluators.serving.limits.Limits` reads; constraints on other metrics are not in it.

    `reached` says what became of the instances under the baseline of that name.
    """
    timed = [one for one in constraints if one.metric in TIMES]
    if not timed:
        return {}
    return {
        "limit_time": np.array([TIME_NAMES.index(one.metric) for one in timed], dtype=np.int64),
        "limit_upper": np.array([one.upper for one in timed], dtype=np.int64),
        "limit_bound": np.array([_bounds(one, instances, reached) for one in timed], dtype=np.float64),
    }


def _bounds(one: Constraint, instances: int, reached: Callable[[str], Sequence[Results]]) -> Floats:
    """The bound on each instance (s)."""
    if one.baseline is None:
        return np.full(instances, one.number)
    return np.array([one.number * TIMES[one.metric](results) for results in reached(one.baseline)])
