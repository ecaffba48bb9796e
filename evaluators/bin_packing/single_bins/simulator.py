"""Online bin packing over single bins, as the literature evaluates it: an array of priorities, one for each bin.

`loops.py` has the loop.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.bin_packing.packing import PackingSimulator
from heuresis.evaluators.bin_packing.single_bins import loops
from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT, CONTRACT_FRESH
from heuresis.evaluators.language.compile import Program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.distance import distance

AUDITED = 24
"""At so many choices of an instance, at most, an audit compares priorities where all bins are shown."""


class PackingArray(PackingSimulator):
    """Packs items one after the other into the bin of largest priority, the first of equal ones.

    A decision is the number of the item's bin. An instance has as many bins as items from the start. Where all of them
    are shown, an audit compares priorities at some `AUDITED` choices of an instance, evenly spread: each takes as long
    as there are bins.
    """

    contract: ClassVar[Contract] = CONTRACT
    one_fresh: ClassVar[bool] = False

    def warm(self) -> None:
        """Compile the loop and the functions of whole arrays, or load them from the on-disk cache."""
        from heuresis.evaluators.language.arrays import compiled  # noqa: F401 - loading it compiles the functions

        loops.warm()

    def _furthest(self, judge: Callable[..., Any], items: list[int], cap: int, chosen: list[int]) -> float:
        """The largest distance of one instance's choices, packed again item by item."""
        left = [float(cap)] * (1 if self.one_fresh else len(items))
        furthest, every = 0.0, 1 if self.one_fresh else -(-len(items) // AUDITED)
        for number, (item, bin_) in enumerate(zip(items, chosen, strict=True)):
            if not 0 <= bin_ < len(left) or left[bin_] < item:
                return math.inf
            if number % every == 0:
                places = [b for b, rem in enumerate(left) if rem >= item]
                priorities = judge(float(item), [left[b] for b in places])
                if not isinstance(priorities, list) or len(priorities) != len(places):
                    return math.inf
                furthest = max(furthest, _behind(priorities, places.index(bin_)))
            left[bin_] -= item
            if self.one_fresh and left[-1] < cap:
                left.append(float(cap))
        return furthest

    def _pack(self, program: object, theta: Floats, order: Ints, chosen: NDArray[np.int32]) -> Ints:
        """The bins of each instance, -1 where the program failed; fills `chosen` unless that is empty."""
        main, pointwise = program, False
        if isinstance(program, Program):
            main, pointwise = program.main, program.pointwise[:1] == (True,)
        bins = np.empty(len(order), dtype=np.int64)
        loops.pack(
            main, np.ascontiguousarray(theta, dtype=np.float64), self.items, self.offsets, self.capacity, order,
            self._starts(order), self.one_fresh or pointwise, bins, chosen,
        )  # fmt: skip
        return bins


class PackingArrayFresh(PackingArray):
    """The same with one new bin, always the last."""

    contract: ClassVar[Contract] = CONTRACT_FRESH
    one_fresh: ClassVar[bool] = True


def _behind(priorities: Sequence[float], chosen: int) -> float:
    """How far the chosen priority lies below the largest, relatively; infinite ones are compared exactly."""
    if any(map(math.isnan, priorities)):
        return math.inf
    largest = max(priorities)
    if math.isinf(largest) or math.isinf(priorities[chosen]):
        return 0.0 if priorities.index(largest) == chosen else math.inf
    keys = [-p for p in priorities if p > -math.inf]  # what is never wanted is never near
    return distance(keys, sum(p > -math.inf for p in priorities[:chosen]))
