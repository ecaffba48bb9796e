"""The trusted side of online bin packing over single bins: replay into which bin each item went, and count bins."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.scoring import Instances, PackingScoring

AUDITED = 2
"""How many instances are audited by the reference interpreter."""


@dataclass(frozen=True, slots=True)
class PackingArrayScoring(PackingScoring):
    """Scores packings. Decisions: `uint8[instances]` (1: decided) and the number of each item's bin (`int32`).

    An instance has as many bins as items; with `one_fresh` a bin exists when all before it are used.
    """

    failure: ClassVar[str] = "a priority was NaN"
    one_fresh: bool = False

    def audited(self, instances: Instances) -> NDArray[np.int64]:
        """The first two of those of `bin-packing`: the reference interpreter computes whole arrays here."""
        return PackingScoring.audited(self, instances)[:AUDITED]

    def _replayed(
        self, instances: Instances, chosen: NDArray[np.int64], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Whether each instance's choices are bins that are there and can hold all they got, and the bins used.

        Nothing ever leaves a bin, so one that holds all its items in the end had room for each.
        """
        items = np.concatenate([i.items for i in instances])
        lengths = np.diff(offsets)
        inside = (chosen >= 0) & (chosen < np.repeat(lengths, lengths))
        load = np.bincount((np.repeat(offsets[:-1], lengths) + chosen)[inside], items[inside], int(offsets[-1]))
        fits = load <= np.repeat([i.capacity for i in instances], lengths)
        feasible = np.logical_and.reduceat(inside & fits, offsets[:-1])
        if self.one_fresh:
            parts = np.split(chosen, offsets[1:-1])
            feasible &= np.array([_in_order(part) for part in parts])
        return feasible, np.add.reduceat((load > 0).astype(np.int64), offsets[:-1])

    def left_over(self, instance: PackingInstance, chosen: NDArray[np.int64]) -> list[int]:
        """What each bin that is used has left at the end, of a feasible packing."""
        load = np.bincount(chosen, instance.items).astype(np.int64)
        left: list[int] = (instance.capacity - load[load > 0]).tolist()
        return left

    def opens(self, instance: PackingInstance, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each item is the first in its bin, in a feasible packing."""
        opens = np.zeros(instance.size, dtype=np.bool_)
        opens[np.unique(chosen, return_index=True)[1]] = True
        return opens


def _in_order(chosen: NDArray[np.int64]) -> bool:
    """Whether each bin is one of those used before, or the next."""
    used = np.maximum.accumulate(np.concatenate(([-1], chosen)))
    return bool(np.all(chosen <= used[:-1] + 1))
