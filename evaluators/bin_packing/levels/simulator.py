"""Online bin packing: what a rule may see, and the simulator that lets it pack (`loops.py` has the loops)."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.bin_packing.levels import loops
from heuresis.evaluators.bin_packing.levels.contract import _N, CONTRACT, CONTRACT_N, CONTRACT_STATELESS, STATE
from heuresis.evaluators.bin_packing.packing import PackingSimulator
from heuresis.evaluators.language.arguments import main_of, vector
from heuresis.evaluators.language.compile import Program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.distance import distance

_WORTHWHILE = 8
"""A table has at most so many entries for each item that is packed with it; where it had more, it would cost more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Instances of one capacity, as positions in an order; `sizes` are the different sizes among all their items."""

    capacity: int
    positions: Ints
    items: int
    sizes: int


class Packing(PackingSimulator):
    """Packs items one after the other into the bin of smallest `score`, the fullest of equal ones.

    A decision is what the item's bin had left. Payload and the rest: `PackingSimulator`.
    """

    contract: ClassVar[Contract] = CONTRACT
    tabulates: ClassVar[bool] = True

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        super().__init__(payload)
        self.sizes = {
            int(cap): len(np.unique(np.concatenate([self._of(i) for i in np.flatnonzero(self.capacity == cap)])))
            for cap in np.unique(self.capacity)
        }

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        loops.warm()

    def table_pays(self, program: object, sample: Sample) -> bool:
        """Whether a table of scores over item and remaining capacity can be made, and is the faster way."""
        if not isinstance(program, Program) or program.reads[0] & STATE:
            return False
        return sample.sizes * (sample.capacity + 1) <= _WORTHWHILE * sample.items

    def samples(self, order: Ints) -> Iterator[Sample]:
        """The instances of an order by capacity."""
        capacities = self.capacity[order]
        for cap in np.unique(capacities):
            positions = np.flatnonzero(capacities == cap).astype(np.int64)
            yield Sample(int(cap), positions, int(self.lengths[order[positions]].sum()), self.sizes[int(cap)])

    def _pack(self, program: object, theta: Floats, order: Ints, chosen: NDArray[np.int32]) -> Ints:
        starts, bins = self._starts(order), np.empty(len(order), dtype=np.int64)
        rule, theta = main_of(program), vector(theta)
        for sample in self.samples(order):
            which, begins, got = order[sample.positions], starts[sample.positions], np.empty(len(sample.positions), int)
            arguments = rule, theta, self.items, self.offsets, sample.capacity, which, begins
            if not (self.table_pays(program, sample) and self._by_table(program, arguments, sample.sizes, got, chosen)):
                loops.by_counts(*arguments, got, chosen)
            bins[sample.positions] = got
        return bins

    def _by_table(
        self, program: object, arguments: tuple[Any, ...], sizes: int, bins: Ints, chosen: NDArray[np.int32]
    ) -> bool:
        """Pack by a table; False where the program raises: perhaps for a bin that never occurs."""
        afresh = _N.name in _reads(program)
        try:
            loops.by_table(*arguments, sizes, afresh, bins, chosen)
        except (ArithmeticError, LookupError, ValueError):
            return False
        return True

    def _furthest(self, judge: Callable[..., float], items: list[int], cap: int, chosen: list[int]) -> float:
        """The largest distance of one instance's choices, packed again item by item."""
        counts, seen = [0] * (cap + 1), [0] * (cap + 1)
        levels: set[int] = set()
        furthest = 0.0
        for number, (item, rem) in enumerate(zip(items, chosen, strict=True)):
            seen[item] += 1
            fitting = [*sorted(r for r in levels if r >= item), cap]
            if rem not in fitting:
                return math.inf
            known = self._known(len(items), len(items) - number, counts, seen)
            keys = [judge(item, r, cap, *known) for r in fitting]
            furthest = max(furthest, distance(keys, fitting.index(rem)))
            if rem != cap:
                counts[rem] -= 1
                if counts[rem] == 0:
                    levels.remove(rem)
            counts[rem - item] += 1
            levels.add(rem - item)
        return furthest

    def _known(self, _items: int, _left: int, counts: list[int], seen: list[int]) -> tuple[int | list[int], ...]:
        """What a rule sees beside the item, what the bin has left, and the capacity."""
        return counts, seen


class PackingWithCount(Packing):
    """The same for rules that know the number of items."""

    contract: ClassVar[Contract] = CONTRACT_N

    def _known(self, items: int, left: int, counts: list[int], seen: list[int]) -> tuple[int | list[int], ...]:
        return items, left, counts, seen


class PackingStateless(Packing):
    """The same for rules that see the item, what the bin has left, and the capacity, and nothing else."""

    contract: ClassVar[Contract] = CONTRACT_STATELESS

    def _known(self, _items: int, _left: int, _counts: list[int], _seen: list[int]) -> tuple[int | list[int], ...]:
        return ()


def _reads(program: object) -> frozenset[str]:
    return program.reads[0] if isinstance(program, Program) else frozenset()
