"""Online bin packing: what a rule may see, and the simulator that lets it pack (`packing_loops.py` has the loops)."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.arguments import checked, main_of, vector
from heuresis.evaluators.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.reference.distance import distance

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Decisions: TypeAlias = Sequence[NDArray[np.generic]]


def _size(name: str, meaning: str, at_most: str | None, varies: bool = False) -> Parameter:
    return Parameter(name, Unit.SIZE, meaning, varies, Kind.INT64, 1.0, at_most)


def _count(name: str, meaning: str, at_most: str | None) -> Parameter:
    return Parameter(name, Unit.COUNT, meaning, False, Kind.INT64, 1.0, at_most)


def _counts(name: str, meaning: str) -> Parameter:
    return Parameter(name, Unit.COUNT, f"{meaning}; `cap + 1` entries", False, Kind.INT64_ARRAY, 0.0, last="cap")


_ITEM = _size("item", "size of the item, at most `rem`", "rem")
_REM = _size("rem", "what the bin has left before the item; `cap` is a new bin", "cap", varies=True)
_CAP = _size("cap", "capacity of every bin", None)
_N = _count("n", "number of items of the whole instance", None)
_LEFT = _count("left", "number of items to come, this one included", "n")
_COUNTS = _counts("counts", "`counts[r]` is the number of open bins with r left, before the item is packed")
_SEEN = _counts("seen", "`seen[s]` is the number of items of size s so far, this one included")
_RETURNS = (
    "the score of putting the item into a bin with `rem` left: it goes into the bin of smallest score, of equal scores "
    "into the fullest (smallest `rem`); it must be finite"
)


def _contract(*parameters: Parameter) -> Contract:
    return Contract(functions=(Function(name="score", parameters=parameters, returns=_RETURNS),))


CONTRACT = _contract(_ITEM, _REM, _CAP, _COUNTS, _SEEN)
CONTRACT_N = _contract(_ITEM, _REM, _CAP, _N, _LEFT, _COUNTS, _SEEN)
"""The same where the number of items is known beforehand."""

CONTRACT_STATELESS = _contract(_ITEM, _REM, _CAP)
"""Rules that see neither what is open nor what came."""

STATE = frozenset({_LEFT.name, _COUNTS.name, _SEEN.name})
"""What changes from item to item; a program that reads none of it is tabulated over item and remaining capacity."""

_WORTHWHILE = 8
"""A table has at most so many entries for each item that is packed with it; where it had more, it would cost more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Instances of one capacity, as positions in an order; `sizes` are the different sizes among all their items."""

    capacity: int
    positions: Ints
    items: int
    sizes: int


class Packing:
    """Packs items one after the other into the bin of smallest `score`, the fullest of equal ones.

    The payload holds `items` (int64, the instances concatenated), `offsets` (int64, instances + 1), `capacity` (int64,
    by instance), `reference` (float64, the lower bound L1) and `group` (int64, the family of each instance, from 0).
    """

    contract: ClassVar[Contract] = CONTRACT
    tabulates: ClassVar[bool] = True

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.items, self.offsets, self.capacity, self.group = (
            np.ascontiguousarray(payload[name], dtype=np.int64) for name in ("items", "offsets", "capacity", "group")
        )
        self.reference = np.ascontiguousarray(payload["reference"], dtype=np.float64)
        self.size = len(self.capacity)
        self.lengths = np.diff(self.offsets)
        self.sizes = {
            int(cap): len(np.unique(np.concatenate([self._of(i) for i in np.flatnonzero(self.capacity == cap)])))
            for cap in np.unique(self.capacity)
        }

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        from heuresis.evaluators import packing_loops

        packing_loops.warm()

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1 where every score was finite) and what each item's bin had left (`int32`).

        The entries of an instance on which the program failed are -1.
        """
        order = checked(order, self.size)
        chosen = np.full(int(self.lengths[order].sum()), -1, dtype=np.int32)
        bins = np.empty(len(order), dtype=np.int64)
        self._pack(program, theta, order, bins, chosen)
        return (bins >= 0).astype(np.uint8), chosen

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """Mean over the families in `subset` of bins / L1 − 1; inf where the program fails on an instance."""
        subset = checked(subset, self.size)
        bins = self._bins(program, theta, subset)
        if bins is None:
            return math.inf
        return aggregate(bins, self.reference[subset], self.group[subset])

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """(bins − L1) / ΣL1 of its family for each instance; inf everywhere where the program fails."""
        subset = checked(subset, self.size)
        bins = self._bins(program, theta, subset)
        if bins is None:
            return np.full(len(subset), np.inf)
        total = np.bincount(self.group, self.reference)[self.group[subset]]
        excess: Floats = (bins - self.reference[subset]) / total
        return excess

    def replay(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a chosen bin's score from the smallest one, by instance (see `Simulator`)."""
        order = checked(order, self.size)
        valid, chosen = decisions
        lengths = self.lengths[order]
        if valid.shape != order.shape or chosen.shape != (lengths.sum(),):
            raise ValueError(f"expected decisions on {len(order)} instances of {lengths.sum()} items in all")
        found = np.full(len(order), np.inf)
        parts = np.split(chosen, np.cumsum(lengths)[:-1])
        for place, (instance, part) in enumerate(zip(order, parts, strict=True)):
            if valid[place] == 1:
                items, cap = self._of(instance).tolist(), int(self.capacity[instance])
                found[place] = self._furthest(judge, items, cap, part.tolist())
        return found

    def table_pays(self, program: object, sample: Sample) -> bool:
        """Whether a table of scores over item and remaining capacity can be made, and is the faster way."""
        from heuresis.evaluators.compile import Program

        if not isinstance(program, Program) or program.reads[0] & STATE:
            return False
        return sample.sizes * (sample.capacity + 1) <= _WORTHWHILE * sample.items

    def samples(self, order: Ints) -> Iterator[Sample]:
        """The instances of an order by capacity."""
        capacities = self.capacity[order]
        for cap in np.unique(capacities):
            positions = np.flatnonzero(capacities == cap).astype(np.int64)
            yield Sample(int(cap), positions, int(self.lengths[order[positions]].sum()), self.sizes[int(cap)])

    def _bins(self, program: object, theta: Floats, subset: Ints) -> Floats | None:
        """The number of bins of each instance, or None where the program fails on one."""
        bins = np.empty(len(subset), dtype=np.int64)
        self._pack(program, theta, subset, bins, np.empty(0, dtype=np.int32))
        return None if np.any(bins < 0) else bins.astype(np.float64)

    def _pack(self, program: object, theta: Floats, order: Ints, bins: Ints, chosen: NDArray[np.int32]) -> None:
        """Fill `bins` (-1: failed) and `chosen`, unless that is empty."""
        from heuresis.evaluators import packing_loops as loops

        starts = np.concatenate(([0], np.cumsum(self.lengths[order])))[:-1].astype(np.int64)
        rule, theta = main_of(program), vector(theta)
        for sample in self.samples(order):
            which, begins, got = order[sample.positions], starts[sample.positions], np.empty(len(sample.positions), int)
            arguments = rule, theta, self.items, self.offsets, sample.capacity, which, begins
            if not (self.table_pays(program, sample) and self._by_table(program, arguments, sample.sizes, got, chosen)):
                loops.by_counts(*arguments, got, chosen)
            bins[sample.positions] = got

    def _by_table(
        self, program: object, arguments: tuple[Any, ...], sizes: int, bins: Ints, chosen: NDArray[np.int32]
    ) -> bool:
        """Pack by a table; False where the program raises: perhaps for a bin that never occurs."""
        from heuresis.evaluators import packing_loops as loops

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

    def _of(self, instance: int | np.integer) -> Ints:
        return self.items[self.offsets[instance] : self.offsets[instance + 1]]


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


def aggregate(bins: Floats, bound: Floats, family: Ints) -> float:
    """The objective, smaller is better: the mean over the families of mean bins / mean L1 − 1, a fraction."""
    present = np.bincount(family) > 0
    reached, least = np.bincount(family, bins)[present], np.bincount(family, bound)[present]
    return float(np.mean(reached / least - 1.0))


def _reads(program: object) -> frozenset[str]:
    from heuresis.evaluators.compile import Program

    return program.reads[0] if isinstance(program, Program) else frozenset()
