"""Constraints on times of requests as a simulator knows them, so that tuning minds what scores will be judged by."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.penalty import violation
from heuresis.evaluators.serving.results import Results, mean, percentile

POINTS = (50, 90, 95, 99)
"""The percentiles that are told of each kind of time."""

_KINDS: Mapping[str, Callable[[Results], Floats]] = {
    "ttft": lambda results: results.ttft,
    "tpot": lambda results: results.tpot,
    "e2e": lambda results: results.e2e,
}


def _mean(kind: str, results: Results) -> float:
    return mean(_KINDS[kind](results))


def _percentile(kind: str, point: int, results: Results) -> float:
    return percentile(_KINDS[kind](results), float(point))


TIMES: Mapping[str, Callable[[Results], float]] = {
    f"{kind}_{point}": partial(_mean, kind) if point == "mean" else partial(_percentile, kind, int(point[1:]))
    for kind in _KINDS
    for point in ("mean", *(f"p{p}" for p in POINTS))
}
"""By name, in the order of their numbers (`TIME_NAMES`): seconds of one scenario; NaN where it has none."""

TIME_NAMES = tuple(TIMES)


class Limits:
    """Bounds on times, from a payload, which may have none.

    `limit_time` (int64) holds places in `TIME_NAMES`, `limit_upper` (int64) 1 for at most and 0 for at least, and
    `limit_bound` (float64, limits × instances) seconds; NaN: none on that instance.
    """

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        numbers = payload.get("limit_time", np.zeros(0, dtype=np.int64))
        self._names = [TIME_NAMES[int(number)] for number in np.asarray(numbers)]
        self._upper = [bool(one) for one in np.asarray(payload.get("limit_upper", ()))]
        self._bound = np.asarray(payload.get("limit_bound", np.zeros((0, 0))), dtype=np.float64)

    def __len__(self) -> int:
        """How many limits there are."""
        return len(self._names)

    def reached(self, results: Results) -> Floats:
        """The time of each limit on one instance."""
        return np.array([TIMES[name](results) for name in self._names], dtype=np.float64)

    def violations(self, subset: Ints, reached: Floats) -> float:
        """The sum of the violations on some instances; `reached` is instances × limits. Means are taken over both."""
        total = 0.0
        for k, upper in enumerate(self._upper):
            value, bound = mean(reached[:, k]), mean(self._bound[k, subset])
            if not np.isnan(value) and not np.isnan(bound):
                total += violation(value, bound, upper=upper)
        return total
