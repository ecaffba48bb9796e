"""A simulator whose contract hands arrays to programs: items are put into bins of size 1, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program, function_type
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.reference.distance import distance

CONTRACT = Contract(
    functions=(
        Function(
            name="score",
            parameters=(
                Parameter("rem", Unit.ONE, "room left in the bin", varies=True, low=0.0),
                Parameter("item", Unit.ONE, "size of the item", varies=False, low=0.0),
                Parameter(
                    "sizes", Unit.ONE, "sizes of the items so far", varies=False, kind=Kind.FLOAT64_ARRAY, low=0.0
                ),
                Parameter("counts", Unit.COUNT, "items in each bin", varies=False, kind=Kind.INT64_ARRAY, low=0.0),
            ),
            returns="the score of one bin that has room, smallest wins",
        ),
    )
)
BEST_FIT = "def score(rem, item, sizes, counts):\n    return rem - item\n"
LOOKS_BACK = """
def mean(u):
    total = 0.0
    for i in range(len(u)):
        total += u[i]
    return total / len(u) if len(u) > 0 else 0.5

def score(rem, item, sizes, counts):
    seen = np.zeros(4)
    for i in range(len(sizes)):
        seen[math.floor(sizes[i] * 4.0) % 4] += 1
    left = rem - item
    likely = seen[math.floor(left * 4.0) % 4] / (1.0 + len(sizes))
    return left - 0.5 * likely + 0.01 * counts[0] + 0.1 * (left < mean(sizes))
"""

_FLOATS, _INTS = types.float64[::1], types.int64[::1]


@numba.njit(types.int64(function_type(CONTRACT.main), _FLOATS, _FLOATS, _INTS), error_model="numpy")
def _pack(score: Any, theta: Any, items: Any, chosen: Any) -> int:
    """Put the items into bins, the numbers of which go to `chosen`; returns how many bins, or -1 at a bad score."""
    n = len(items)
    room, counts = np.ones(n), np.zeros(n, np.int64)
    left, where, value = np.empty(n), np.empty(n, np.int64), np.empty(n)
    used = 0
    for k in range(n):
        m = 0
        for b in range(used + 1):
            if room[b] >= items[k]:
                left[m], where[m] = room[b], b
                m += 1
        score(left, items[k], items[:k], counts[: used + 1], theta, value, m)
        best = 0
        for j in range(m):
            if not np.isfinite(value[j]):
                return -1
            if value[j] < value[best]:
                best = j
        bin_ = where[best]
        chosen[k] = bin_
        room[bin_] -= items[k]
        counts[bin_] += 1
        used = max(used, bin_ + 1)
    return used


class Packing:
    """Instances of the same number of items, `items[instance, place]` in the payload."""

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.items = np.ascontiguousarray(payload["items"], np.float64)
        self.size = len(self.items)

    def warm(self) -> None:
        """The loop is compiled when this module is loaded."""

    def decide(
        self, program: object, theta: NDArray[np.float64], order: NDArray[np.int64]
    ) -> Sequence[NDArray[np.generic]]:
        """Whether each instance was decided, and the bins of its items."""
        main = program.main if isinstance(program, Program) else program
        bins = np.full((len(order), self.items.shape[1]), -1, np.int64)
        used = [_pack(main, theta, self.items[i], bins[place]) for place, i in enumerate(order)]
        return (np.array(used) >= 0).astype(np.uint8), bins

    def loss(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> float:
        """Mean number of bins."""
        return float(np.mean(self.excess(program, theta, subset)))

    def excess(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> NDArray[np.float64]:
        """The number of bins of each instance."""
        valid, bins = self.decide(program, theta, subset)
        return np.where(valid == 1, bins.max(axis=1) + 1.0, np.inf)

    def audit(
        self, judge: Callable[..., float], order: NDArray[np.int64], decisions: Sequence[NDArray[np.generic]]
    ) -> NDArray[np.float64]:
        """The largest distance of a chosen score from the smallest one, by instance."""
        return np.array([self._furthest(judge, self.items[i], b) for i, b in zip(order, decisions[1], strict=True)])

    @staticmethod
    def _furthest(judge: Callable[..., float], items: NDArray[np.float64], bins: NDArray[np.generic]) -> float:
        room, counts, used, furthest = [1.0] * len(items), [0] * len(items), 0, 0.0
        for k, (item, chosen) in enumerate(zip(items.tolist(), bins.tolist(), strict=True)):
            seen, held = items[:k].copy(), np.array(counts[: used + 1], np.int64)
            fits = [b for b in range(used + 1) if room[b] >= item]
            keys = [judge(room[b], item, seen, held) for b in fits]
            furthest = max(furthest, distance(keys, fits.index(chosen)))
            room[chosen] -= item
            counts[chosen] += 1
            used = max(used, chosen + 1)
        return furthest
