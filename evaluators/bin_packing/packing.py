"""What the simulators of online bin packing share: the instances, the objective, and the frame of an audit."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.bin_packing.objective import aggregate
from heuresis.evaluators.language.arguments import checked


class PackingSimulator(ABC):
    """Packs items one after the other; subclasses say how a program chooses, and what a decision is.

    The payload holds `items` (int64, the instances concatenated), `offsets` (int64, instances + 1), `capacity` (int64,
    by instance), `reference` (float64, the lower bound L1) and `group` (int64, the family of each instance, from 0).
    """

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.items, self.offsets, self.capacity, self.group = (
            np.ascontiguousarray(payload[name], dtype=np.int64) for name in ("items", "offsets", "capacity", "group")
        )
        self.reference = np.ascontiguousarray(payload["reference"], dtype=np.float64)
        self.size = len(self.capacity)
        self.lengths = np.diff(self.offsets)

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1 where the program did not fail) and a decision for each item (`int32`).

        The decisions of an instance on which it failed are -1.
        """
        order = checked(order, self.size)
        chosen = np.full(int(self.lengths[order].sum()), -1, dtype=np.int32)
        bins = self._pack(program, theta, order, chosen)
        return (bins >= 0).astype(np.uint8), chosen

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """Mean over the families in `subset` of bins / L1 − 1; inf where the program fails on an instance."""
        subset = checked(subset, self.size)
        bins = self._bins(program, theta, subset)
        return math.inf if bins is None else aggregate(bins, self.reference[subset], self.group[subset])

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """(bins − L1) / ΣL1 of its family for each instance; inf everywhere where the program fails."""
        subset = checked(subset, self.size)
        bins = self._bins(program, theta, subset)
        if bins is None:
            return np.full(len(subset), np.inf)
        total = np.bincount(self.group, self.reference)[self.group[subset]]
        excess: Floats = (bins - self.reference[subset]) / total
        return excess

    def audit(self, judge: Callable[..., Any], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a chosen bin from the best one, by instance (see `Simulator`); inf after failures."""
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

    @abstractmethod
    def _pack(self, program: object, theta: Floats, order: Ints, chosen: NDArray[np.int32]) -> Ints:
        """The bins of each instance, -1 where the program failed; fills `chosen` unless that is empty."""

    @abstractmethod
    def _furthest(self, judge: Callable[..., Any], items: list[int], cap: int, chosen: list[int]) -> float:
        """The largest distance of one instance's choices, packed again item by item; inf where one is impossible."""

    def _bins(self, program: object, theta: Floats, subset: Ints) -> Floats | None:
        """The number of bins of each instance, or None where the program fails on one."""
        bins = self._pack(program, theta, subset, np.empty(0, dtype=np.int32))
        return None if np.any(bins < 0) else bins.astype(np.float64)

    def _starts(self, order: Ints) -> Ints:
        """Where in the decisions those of each instance begin."""
        return ragged.offsets(self.lengths[order])[:-1]

    def _of(self, instance: int | np.integer) -> Ints:
        return self.items[self.offsets[instance] : self.offsets[instance + 1]]
