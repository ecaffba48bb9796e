"""The trusted side of online bin packing: replay what was chosen, count bins, explain where room is lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Ints
from heuresis.evaluators.bin_packing.objective import aggregate
from heuresis.problems import resampling
from heuresis.problems.bin_packing.figures import figures
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.figures import Figure
from heuresis.problems.metrics import Better, Metric
from heuresis.problems.problem import MachineryError
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint

Instances = Sequence[PackingInstance]

EXCESS = Objective(
    "excess over L1",
    "mean number of bins / mean of the lower bound L1 (sum of sizes / capacity, rounded up) - 1, a fraction; over "
    "several families of instances, the mean of their excesses",
    fraction=True,
)

_NO_BIN = "an item was put where no open bin is"

EXPLAINED_ROWS = 12

METRICS = (
    Metric("excess", "bins over the lower bound of all instances, minus 1", shown=True),
    Metric("bins", "bins opened"),
    Metric("lower_bound", "sum of the lower bounds L1", "bins", Better.NEITHER),
)
"""What `score` tells beside the aggregate, in its order."""

AUDITED, LARGEST_AUDITED = 6, 1_000
"""How many instances are audited by the reference interpreter, and how many items the largest of them has."""


def families(instances: Instances) -> NDArray[np.int64]:
    """The number of each instance's family; instances without the label `family` are one."""
    names = [str(i.labels.get("family", "")) for i in instances]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _offsets(instances: Instances) -> Ints:
    return ragged.offsets(i.size for i in instances)


def _bounds(instances: Instances) -> NDArray[np.float64]:
    return np.array([i.bound for i in instances], dtype=np.float64)


def _group(instance: PackingInstance) -> str:
    return str(instance.labels.get("group", instance.labels.get("family", f"n={instance.size}")))


@dataclass(frozen=True, slots=True)
class Packed:
    """What became of an instance: what was chosen for each item, as in the decisions, and the number of bins used."""

    chosen: Ints
    bins: int


@dataclass(frozen=True, slots=True)
class PackingScoring(Scoring):
    """Scores packings. Decisions: `uint8[instances]` (1: decided) and what the bin of each item had left (`int32`)."""

    failure: ClassVar[str] = "a score was NaN or infinite"

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.bin_packing.levels.simulator.Packing`."""
        return {
            "items": np.concatenate([i.items for i in instances]),
            "offsets": _offsets(instances),
            "capacity": np.array([i.capacity for i in instances], dtype=np.int64),
            "reference": _bounds(instances),
            "group": families(instances),
        }

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Follow the choices of each instance; None where an item was put where no open bin had that much left.

        Bins with equally much left are the same to all that follows, so a choice says how much, and the lowest-numbered
        such bin takes the item (`assigned`).
        """
        offsets = _offsets(instances)
        if problem := ragged.misfit(decisions, len(instances), int(offsets[-1])):
            return Replay((None,) * len(instances), problem)
        chosen = decisions[1].astype(np.int64)
        feasible, bins = self._replayed(instances, chosen, offsets)
        schedules: list[Packed | None] = []
        faults: list[str] = []
        columns = decisions[0] == 1, feasible, bins, ragged.split(offsets, chosen)
        for decided, fits, count, part in zip(*columns, strict=True):
            schedules.append(Packed(part, int(count)) if decided and fits else None)
            faults.append("" if decided and fits else _NO_BIN if decided else self.failure)
        return Replay(tuple(schedules), complaint(instances, faults, counted=True))

    def value(self, instance: PackingInstance, schedule: Packed) -> float:
        """The number of bins. Raises MachineryError where it lies below L2."""
        if schedule.bins < instance.proven:
            raise MachineryError(f"{instance.name}: {schedule.bins} bins lie below the lower bound {instance.proven}")
        return float(schedule.bins)

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided and what each item's bin had left."""
        return ragged.cut(_offsets(instances), decisions)

    def audited(self, instances: Instances) -> NDArray[np.int64]:
        """Up to six instances of up to 1,000 items, in turn one of each group; else the one of fewest items."""
        groups: dict[str, list[int]] = {}
        for index, instance in enumerate(instances):
            if instance.size <= LARGEST_AUDITED:
                groups.setdefault(_group(instance), []).append(index)
        deepest = max((len(members) for members in groups.values()), default=0)
        chosen = [members[k] for k in range(deepest) for members in groups.values() if k < len(members)][:AUDITED]
        chosen = chosen or [min(range(len(instances)), key=lambda i: instances[i].size)]
        return np.array(sorted(chosen, key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The objective and the metrics of `METRICS`."""
        bins, bound = np.asarray(values, dtype=np.float64), _bounds(instances)
        metrics: dict[str, float | None] = {
            "excess": float(bins.sum() / bound.sum() - 1.0),
            "bins": float(bins.sum()),
            "lower_bound": float(bound.sum()),
        }
        return Score(aggregate(bins, bound, families(instances)), metrics)

    def resample(
        self, instances: Instances, values: NDArray[np.float64], draws: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Bootstrap within groups (family and length): programs × draws, the same draws for all."""
        names = np.unique([_group(i) for i in instances], return_inverse=True)[1]
        members = [np.flatnonzero(names == number) for number in range(int(names.max()) + 1)]
        counts = resampling.drawn(members, len(instances), draws, rng)
        bound, family = _bounds(instances), families(instances)
        result = np.zeros((len(values), draws))
        for number in range(int(family.max()) + 1):
            within = np.flatnonzero(family == number)
            reached, least = values[:, within] @ counts[:, within].T, counts[:, within] @ bound[within]
            result += (reached / least - 1.0) / (int(family.max()) + 1)
        return result

    def groups(self, instances: Instances) -> Mapping[str, NDArray[np.int64]]:
        """Instances by family and length (`weibull-5k`, `u500`); those of files by their label `group`, or as `n=…`."""
        return resampling.cells(_group(i) for i in instances)

    def explain(self, instance: PackingInstance, schedule: Packed) -> str:
        """A Markdown table of the room lost at the end, by how much the bins have left."""
        return _table(instance, Counter(self.left_over(instance, schedule.chosen)))

    def figures(self, instance: PackingInstance, schedules: Mapping[str, Packed]) -> Sequence[Figure]:
        """Bins beyond L1 over time; what bins have left; room lost."""
        opens = {name: self.opens(instance, one.chosen) for name, one in schedules.items()}
        left = {name: np.array(self.left_over(instance, one.chosen)) for name, one in schedules.items()}
        return figures(instance, opens, left)

    def _replayed(
        self, instances: Instances, chosen: NDArray[np.int64], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Whether each instance's choices are possible, and its number of bins."""
        return _replayed(instances, chosen, offsets)

    def left_over(self, instance: PackingInstance, chosen: NDArray[np.int64]) -> list[int]:
        """What each bin has left at the end, of a feasible packing."""
        return _left_over(instance, chosen)

    def opens(self, instance: PackingInstance, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each item takes a new bin, in a feasible packing."""
        opens: NDArray[np.bool_] = chosen == instance.capacity
        return opens

    def decisions_in(self, instances: Instances) -> int:
        """Items packed."""
        return sum(i.size for i in instances)


def assigned(instance: PackingInstance, chosen: Sequence[int]) -> list[int]:
    """The bin of each item, numbered from 0: of those with as much left as chosen the first.

    Raises ValueError where there is none.
    """
    left: list[int] = []
    bins: list[int] = []
    for item, rem in zip(instance.items.tolist(), chosen, strict=True):
        if rem == instance.capacity:
            left.append(rem)
            bins.append(len(left) - 1)
        else:
            bins.append(left.index(rem))
        left[bins[-1]] -= item
        if left[bins[-1]] < 0:
            raise ValueError(f"an item of size {item} does not fit where {rem} is left")
    return bins


def _replayed(
    instances: Instances, chosen: NDArray[np.int64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether each instance's choices are possible, and its number of bins.

    An item takes a bin from the level chosen (unless it is new) and leaves it on a lower one. The choices are possible
    where no level is ever taken from while no open bin is there.
    """
    items, capacity = np.concatenate([i.items for i in instances]), np.array([i.capacity for i in instances])
    owner = np.repeat(np.arange(len(instances)), np.diff(offsets))
    inside = (chosen >= items) & (chosen <= capacity[owner])
    chosen = np.where(inside, chosen, capacity[owner])
    new = chosen == capacity[owner]
    levels = np.concatenate(([0], np.cumsum(capacity + 1)))  # each instance has a range of numbers for its levels
    # two events of each item in the order of time: a bin leaves one level, and comes to another
    level = np.empty(2 * len(items), dtype=np.int64)
    change = np.ones(2 * len(items), dtype=np.int64)
    level[0::2], level[1::2] = levels[owner] + chosen, levels[owner] + chosen - items
    change[0::2] = np.where(new, 0, -1)
    by_level = np.argsort(_narrow(level, int(levels[-1])), kind="stable")
    running = np.cumsum(change[by_level])
    begins = np.flatnonzero(np.diff(level[by_level], prepend=-1))
    before = np.concatenate(([0], running[begins[1:] - 1]))
    lowest = np.minimum.reduceat(running, begins) - before
    feasible = np.logical_and.reduceat(inside, offsets[:-1])
    owners = np.searchsorted(levels, level[by_level[begins]], side="right") - 1
    feasible[owners[lowest < 0]] = False
    return feasible, np.add.reduceat(new.astype(np.int64), offsets[:-1])


def _narrow(numbers: NDArray[np.int64], end: int) -> NDArray[np.integer]:
    """The same numbers, in 16 bits where they fit: NumPy sorts those in linear time."""
    return numbers.astype(np.uint16) if end <= 1 << 16 else numbers


def _left_over(instance: PackingInstance, chosen: NDArray[np.int64]) -> list[int]:
    """What each bin has left at the end, of a feasible packing."""
    change = np.zeros(instance.capacity + 1, dtype=np.int64)
    np.add.at(change, chosen - instance.items, 1)
    np.add.at(change, chosen[chosen != instance.capacity], -1)
    return np.repeat(np.arange(instance.capacity + 1), change).tolist()


def _table(instance: PackingInstance, left: Counter[int]) -> str:
    bins, smallest = sum(left.values()), int(instance.items.min())
    lost = sum(rem * count for rem, count in left.items())
    shown = sorted(left, key=lambda rem: (-rem * left[rem], rem))[:EXPLAINED_ROWS]
    head = (
        f"n = {instance.size}, capacity {instance.capacity}: {bins} bins, lower bound {instance.proven}; "
        f"{lost} of {bins * instance.capacity} ({lost / bins / instance.capacity:.2%}) is left free, "
        f"{left[0]} bins are full, {sum(c for r, c in left.items() if 0 < r < smallest)} have less left than any item "
        f"needs (the smallest is {smallest})."
    )
    lines = ["| left in a bin | bins | room lost | share of it | items of exactly this size |", "|--:|--:|--:|--:|--:|"]
    for rem in (r for r in shown if r > 0):
        fitting = int(np.count_nonzero(instance.items == rem))
        lines.append(f"| {rem} | {left[rem]} | {rem * left[rem]} | {rem * left[rem] / lost:.1%} | {fitting} |")
    return "\n".join([head, "", *lines])
