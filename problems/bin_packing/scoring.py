"""The trusted side of online bin packing: replay what was chosen, count bins, explain where room is lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions
from heuresis.evaluators.bin_packing.objective import aggregate
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.problem import MachineryError, Objective, Score

Instances = Sequence[PackingInstance]

EXCESS = Objective(
    "excess over L1",
    "mean number of bins / mean of the lower bound L1 (sum of sizes / capacity, rounded up) - 1, a fraction; over "
    "several families of instances, the mean of their excesses",
    fraction=True,
)

EXPLAINED_ROWS = 12

AUDITED, LARGEST_AUDITED = 6, 1_000
"""How many instances are audited by the reference interpreter, and how many items the largest of them has."""


def families(instances: Instances) -> NDArray[np.int64]:
    """The number of each instance's family; instances without the label `family` are one."""
    names = [str(i.labels.get("family", "")) for i in instances]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _offsets(instances: Instances) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum([i.size for i in instances]))).astype(np.int64)


def _bounds(instances: Instances) -> NDArray[np.float64]:
    return np.array([i.bound for i in instances], dtype=np.float64)


def _group(instance: PackingInstance) -> str:
    return str(instance.labels.get("group", instance.labels.get("family", f"n={instance.size}")))


@dataclass(frozen=True, slots=True)
class PackingScoring:
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

    def values(self, instances: Instances, decisions: Decisions) -> tuple[tuple[float | None, ...], str]:
        """The number of bins of each instance; None where an item was put where no open bin had that much left.

        Bins with equally much left are the same to all that follows, so a choice says how much, and the lowest-numbered
        such bin takes the item (`assigned`). Raises MachineryError where a value lies below L2.
        """
        offsets = _offsets(instances)
        problem = _misfit(decisions, len(instances), int(offsets[-1]))
        if problem:
            return (None,) * len(instances), problem
        decided = decisions[0] == 1
        feasible, bins = self._replayed(instances, decisions[1].astype(np.int64), offsets)
        values = tuple(
            float(count) if ok and fits else None for count, ok, fits in zip(bins, decided, feasible, strict=True)
        )
        for instance, value in zip(instances, values, strict=True):
            if value is not None and value < instance.proven:
                raise MachineryError(f"{instance.name}: {value:.0f} bins lie below the lower bound {instance.proven}")
        return values, _complaint(instances, decided, feasible, self.failure)

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided and what each item's bin had left."""
        offsets, (decided, chosen) = _offsets(instances), decisions
        return [(decided[i : i + 1], chosen[offsets[i] : offsets[i + 1]]) for i in range(len(instances))]

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
        """The objective and the metrics `excess` (mean bins / mean L1 - 1 over all), `bins` and `lower_bound` (ΣL1)."""
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
        counts = np.zeros((draws, len(instances)))
        for number in range(int(names.max()) + 1):
            members = np.flatnonzero(names == number)
            counts[:, members] = rng.multinomial(len(members), np.full(len(members), 1.0 / len(members)), size=draws)
        bound, family = _bounds(instances), families(instances)
        result = np.zeros((len(values), draws))
        for number in range(int(family.max()) + 1):
            within = np.flatnonzero(family == number)
            reached, least = values[:, within] @ counts[:, within].T, counts[:, within] @ bound[within]
            result += (reached / least - 1.0) / (int(family.max()) + 1)
        return result

    def groups(self, instances: Instances) -> Mapping[str, NDArray[np.int64]]:
        """Instances by family and length (`weibull-5k`, `u500`); those of files by their label `group`, or as `n=…`."""
        names = [_group(i) for i in instances]
        return {
            name: np.flatnonzero([other == name for other in names]).astype(np.int64) for name in dict.fromkeys(names)
        }

    def explain(self, instance: PackingInstance, decisions: Decisions) -> str:
        """A Markdown table of the room lost at the end, by how much the bins have left."""
        values, message = self.values([instance], decisions)
        if values[0] is None:
            return message
        return _table(instance, Counter(self.left_over(instance, decisions[1].astype(np.int64))))

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


def _misfit(decisions: Decisions, count: int, items: int) -> str:
    """What is wrong with the shape of the decisions, or nothing."""
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = len(decisions) == 2 and decisions[0].shape == (count,) and decisions[1].shape == (items,)
    if fits and decisions[0].dtype.kind == "u" and decisions[1].dtype.kind in "iu":
        return ""
    return f"expected decisions uint8[{count}], int32[{items}], got {got or 'none'}"


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


def _complaint(instances: Instances, decided: NDArray[np.bool_], feasible: NDArray[np.bool_], failure: str) -> str:
    """A message on the first instance without a value."""
    bad = np.flatnonzero(~(decided & feasible))
    if len(bad) == 0:
        return ""
    first = instances[int(bad[0])].name
    reason = "an item was put where no open bin is" if decided[bad[0]] else failure
    return f"{reason} (first on instance {first}; {len(bad)} of {len(instances)} instances have no value)"


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
