"""Single-machine total tardiness: what a dispatching rule may see, and the simulator that lets it dispatch."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.arguments import checked, main_of, vector
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.tardiness import loops
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.objective import aggregate
from heuresis.evaluators.tardiness.plain import furthest


class Dispatch:
    """Schedules jobs one after the other: at each step the unscheduled job of smallest `priority`.

    The payload holds `p` and `d` (int64, the instances concatenated), `offsets` (int64, instances + 1), `reference`
    (float64, the optimal total tardiness or NaN) and `group` (int64, the size class of each instance, from 0).
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.offsets = np.ascontiguousarray(payload["offsets"], dtype=np.int64)
        self.size = len(self.offsets) - 1
        self.reference = np.ascontiguousarray(payload["reference"], dtype=np.float64)
        self.group = np.ascontiguousarray(payload["group"], dtype=np.int64)
        self.groups = int(self.group.max(initial=-1)) + 1
        p = np.asarray(payload["p"], dtype=np.int64)
        d = np.asarray(payload["d"], dtype=np.int64)
        sizes = np.diff(self.offsets)
        instance = np.repeat(np.arange(len(sizes)), sizes)
        self._given = p, d  # as they came: an audit relies on nothing that is made of them here
        # Within each instance by (p, d, index): then the first of equal priorities wins every tie.
        by_rank = np.lexsort((np.arange(len(p)), d, p, instance))
        self.p = np.ascontiguousarray(p[by_rank])
        self.d = np.ascontiguousarray(d[by_rank])
        self.job = np.ascontiguousarray((by_rank - self.offsets[instance]).astype(np.int32))
        # Positions (in that order) of the jobs of each instance by due date, for the smallest and largest one left.
        by_due = np.lexsort((self.d, instance))
        self.by_due = np.ascontiguousarray((by_due - self.offsets[instance]).astype(np.int32))

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        loops.warm()

    def decide(
        self, program: object, theta: NDArray[np.float64], order: NDArray[np.int64]
    ) -> Sequence[NDArray[np.generic]]:
        """Return `uint8[len(order)]` (1 where every priority was finite) and the sequences, concatenated (`int32`).

        The sequence of an instance on which the program failed is filled with -1.
        """
        order = checked(order, self.size)
        valid = np.zeros(len(order), dtype=np.uint8)
        sequences = np.full(int(np.diff(self.offsets)[order].sum()), -1, dtype=np.int32)
        loops.sequences(
            main_of(program),
            vector(theta),
            order,
            self.p,
            self.d,
            self.job,
            self.by_due,
            self.offsets,
            valid,
            sequences,
        )
        return valid, sequences

    def loss(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> float:
        """Mean over the size classes in `subset` of ΣT/ΣT* − 1; inf where the program fails on an instance.

        Where a reference is missing, or ΣT* is 0 in a size class, it is the mean tardiness of an instance instead.
        """
        subset = checked(subset, self.size)
        totals = np.empty(len(subset), dtype=np.float64)
        done = loops.totals(main_of(program), vector(theta), subset, self.p, self.d, self.by_due, self.offsets, totals)
        if not done:
            return float("inf")
        return aggregate(totals, self.reference[subset], self.group[subset])

    def excess(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> NDArray[np.float64]:
        """(T − T*) / ΣT* of its size class for each instance (T itself where a reference is missing or ΣT* is 0)."""
        subset = checked(subset, self.size)
        totals = np.full(len(subset), np.inf)
        if not loops.totals(main_of(program), vector(theta), subset, self.p, self.d, self.by_due, self.offsets, totals):
            return np.full(len(subset), np.inf)
        optimum = np.bincount(self.group, self.reference)
        if not np.all(optimum > 0):  # NaN included
            return totals
        excess: NDArray[np.float64] = (totals - self.reference[subset]) / optimum[self.group[subset]]
        return excess

    def audit(
        self, judge: Callable[..., float], order: NDArray[np.int64], decisions: Sequence[NDArray[np.generic]]
    ) -> NDArray[np.float64]:
        """The largest distance of a chosen priority from the smallest one, by instance (see `Simulator`)."""
        order = checked(order, self.size)
        sizes = np.diff(self.offsets)[order]
        valid, sequences = decisions
        if valid.shape != order.shape or sequences.shape != (sizes.sum(),):
            raise ValueError(f"expected decisions on {len(order)} instances of {sizes.sum()} jobs in all")
        found = np.full(len(order), np.inf)
        for place, (instance, sequence) in enumerate(
            zip(order, np.split(sequences, np.cumsum(sizes)[:-1]), strict=True)
        ):
            if valid[place] == 1:
                low, high = self.offsets[instance], self.offsets[instance + 1]
                p, d = (given[low:high].tolist() for given in self._given)
                found[place] = furthest(judge, p, d, sequence.tolist())
        return found
