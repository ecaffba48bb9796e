"""The trusted side of packing over several resources: replay placements, score them, explain where they lose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED, RESOURCES
from heuresis.evaluators.vector_packing.objective import aggregate, lost, parts
from heuresis.problems import resampling
from heuresis.problems.figures import Figure
from heuresis.problems.metrics import Better, Metric
from heuresis.problems.problem import MachineryError
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint
from heuresis.problems.vector_packing.figures import figures
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.placing import Placed, placed, stranded

Instances = Sequence[VectorInstance]

EXCESS = Objective(
    "excess",
    "the most nodes in use at one time over the lower bounds of the nodes needed, summed over instances, minus 1",
    fraction=True,
)
PEAK = Objective(
    "peak",
    "the most nodes in use at one time, where lists of pods say when they leave, over the lower bounds of the nodes "
    "needed then, summed over instances, minus 1",
    fraction=True,
)
LOST = Objective(
    "lost",
    "the mean over instances of the share of requests not placed plus the share of the fleet's capacity that is "
    "stranded (free on nodes where a request of the instance, drawn at random, does not fit; mean over resources)",
    fraction=True,
)
FILLED = Objective(
    "filled",
    "what is lost where nobody leaves, whatever lists of pods say: the mean over instances of the share of requests "
    "not placed plus the share of the fleet's capacity that is stranded",
    fraction=True,
)

_NOT_FINITE = "a score was NaN or infinite"
_SIGNED = "i"
"""Decisions have negative codes: no unsigned number may pass for one."""

EXPLAINED_TYPES = 12

METRICS = (
    Metric(
        "excess", "nodes over the lower bound of all instances, minus 1; where nodes are opened at will", shown=True
    ),
    Metric("nodes", "the most nodes in use at one time, or those of the fleet"),
    Metric("lower_bound", "sum of the lower bounds; where nodes are opened at will", "nodes", Better.NEITHER),
    Metric("placed", "requests that have a place", "", Better.LARGER, shown=True),
    Metric("stranded", "share of the capacity that nothing fits into any more; on a fleet", shown=True),
)
"""What `score` tells beside the aggregate, in its order."""

AUDITED, LARGEST_AUDITED = 12, 200
"""How many instances are audited by the reference interpreter, and how many requests the largest of them has."""


@dataclass(frozen=True, slots=True)
class VectorScoring(Scoring):
    """Scores placements. Decisions: `uint8[instances]` (1: decided) and one of each request, all concatenated.

    `on_fleets` is how the objective of instances with a fleet is called.
    """

    on_fleets: Objective = LOST

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.vector_packing.simulator.Placement`."""
        fleets = [np.zeros(0, dtype=np.int64) if i.fleet is None else i.fleet for i in instances]
        return {
            "requests": np.concatenate([i.requests for i in instances]).reshape(-1),
            "until": np.concatenate([_or_all(i.until, i.size, i.size) for i in instances]),
            "allowed": np.concatenate([_or_all(i.allowed, i.size, -1) for i in instances]),
            "offsets": ragged.offsets(i.size for i in instances),
            "types": np.concatenate([i.types for i in instances]).reshape(-1),
            "models": np.concatenate([_or_all(i.models, len(i.types), 0) for i in instances]),
            "type_offsets": ragged.offsets(len(i.types) for i in instances),
            "fleet": np.concatenate(fleets),
            "fleet_offsets": ragged.offsets(len(f) for f in fleets),
            "opens": np.array([i.opens for i in instances], dtype=np.int64),
            "devices": np.array([i.device for i in instances], dtype=np.int64),
            "reference": _references(instances),
        }

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Place each instance's requests; None where a decision is not possible."""
        offsets = ragged.offsets(i.size for i in instances)
        if problem := ragged.misfit(decisions, len(instances), int(offsets[-1]), _SIGNED):
            return Replay((None,) * len(instances), problem)
        parts = zip(instances, decisions[0], ragged.split(offsets, decisions[1]), strict=True)
        found = [placed(one, chosen) if decided == 1 else _NOT_FINITE for one, decided, chosen in parts]
        schedules = tuple(one if isinstance(one, Placed) else None for one in found)
        return Replay(schedules, complaint(instances, [one if isinstance(one, str) else "" for one in found]))

    def value(self, instance: VectorInstance, schedule: Placed) -> float:
        """The most nodes in use at one time, or on a fleet the requests not placed plus the share stranded.

        Raises MachineryError where it lies below the lower bound.
        """
        missing = int(np.count_nonzero(schedule.chosen == NOT_PLACED))
        count = int(schedule.busy.max()) if instance.opens else missing
        if count < instance.bound:
            what = "nodes opened" if instance.opens else "requests not placed"
            raise MachineryError(f"{instance.name}: {count} {what} lie below the lower bound {instance.bound}")
        return float(count) if instance.opens else missing + float(np.nanmean(stranded(instance, schedule)))

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided and its decisions."""
        return ragged.cut(ragged.offsets(i.size for i in instances), decisions)

    def audited(self, instances: Instances) -> NDArray[np.int64]:
        """Up to 12 instances of up to 200 requests, in turn one of each cell; without any, the smallest one."""
        cells = [
            sorted(m.tolist(), key=lambda i: instances[i].size) for m in _cells(instances, "family", "mix").values()
        ]
        depth = max(len(members) for members in cells)
        rounds = [members[turn] for turn in range(depth) for members in cells if turn < len(members)]
        chosen = [i for i in rounds if instances[i].size <= LARGEST_AUDITED][:AUDITED]
        chosen = chosen or [min(range(len(instances)), key=lambda i: instances[i].size)]
        return np.array(sorted(chosen, key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The objective and the metrics of `METRICS`.

        `excess` and `lower_bound` are None on a fleet, `stranded` (the mean over instances) without one.
        """
        reached, reference, sizes, opens = _columns(instances, values)
        metrics: dict[str, float | None] = dict.fromkeys(one.name for one in METRICS)
        if _all_open(instances):
            metrics |= {"nodes": float(reached.sum()), "lower_bound": float(reference.sum())}
            metrics |= {"excess": float(reached.sum() / reference.sum() - 1.0), "placed": float(sizes.sum())}
        else:
            missing, wasted = parts(reached, sizes)
            metrics["nodes"] = float(sum(0 if i.fleet is None else len(i.fleet) for i in instances))
            metrics |= {"placed": float((sizes - missing).sum()), "stranded": float(wasted.mean())}
        return Score(aggregate(reached, reference, sizes.astype(np.int64), opens), metrics)

    def objective_on(self, instances: Instances) -> Objective | None:
        """What a fixed fleet loses; nodes opened at will are what the problem counts."""
        return None if _all_open(instances) else self.on_fleets

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (family, mix, size, load): programs × draws, the same draws for all programs."""
        cells = _cells(instances, "family", "mix", "requests", "nodes", "load")
        counts = resampling.drawn(cells.values(), len(instances), draws, rng)
        _, reference, sizes, _ = _columns(instances, values[0])
        if _all_open(instances):
            ratio: Floats = (values @ counts.T) / (counts @ reference) - 1.0
            return ratio
        both = np.array([lost(row, sizes) for row in values])
        means: Floats = both @ counts.T / len(instances)
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by family and size: `cpu-mem n=1000`, or on fleets by load, `load=1.1`; files as a whole."""
        return resampling.cells(_group(i) for i in instances)

    def explain(self, instance: VectorInstance, schedule: Placed) -> str:
        """A Markdown table of what each node type has free at the end, and how much of it is stranded."""
        return _table(instance, self.value(instance, schedule), schedule)

    def figures(self, instance: VectorInstance, schedules: Mapping[str, Placed]) -> Sequence[Figure]:
        """Nodes or requests lost over the requests, and how full nodes are (`vector_packing.figures`)."""
        return figures(instance, schedules)

    def decisions_in(self, instances: Instances) -> int:
        """Requests."""
        return sum(i.size for i in instances)


def _all_open(instances: Instances) -> bool:
    return all(i.opens for i in instances)


def _or_all(array: Ints | None, size: int, value: int) -> Ints:
    """An array that an instance may have, or the value that means the same without."""
    return np.full(size, value, dtype=np.int64) if array is None else array


def _references(instances: Instances) -> Floats:
    return np.array([i.bound for i in instances], dtype=np.float64)


def _columns(instances: Instances, values: Sequence[float] | Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """Values, lower bounds, numbers of requests and variants."""
    sizes = np.array([i.size for i in instances], dtype=np.float64)
    opens = np.array([i.opens for i in instances], dtype=np.int64)
    return np.asarray(values, dtype=np.float64), _references(instances), sizes, opens


def _cells(instances: Instances, *labels: str) -> Mapping[object, Ints]:
    """Instances that are alike in these labels."""
    return resampling.cells(tuple(i.labels.get(label) for label in labels) for i in instances)


def _group(instance: VectorInstance) -> str:
    load = instance.labels.get("load")
    own = f"{instance.labels.get('family', 'all')} n={instance.labels.get('requests', instance.size)}"
    return own if load is None else f"load={load}"


def _table(instance: VectorInstance, value: float, found: Placed) -> str:
    present = np.flatnonzero(instance.types.any(axis=0))
    names = [RESOURCES[r] for r in present]
    capacity = instance.types[found.kinds]
    if instance.opens:
        head = f"{instance.size} requests on {int(value)} nodes; at least {instance.bound} are needed."
        if instance.until is not None:
            head = f"{instance.size} requests, at most {int(value)} nodes in use at one time"
            head += f"; at least {instance.bound} are needed. After the last arrival {len(found.kinds)} are."
    else:
        missing = int(np.count_nonzero(found.chosen == NOT_PLACED))
        head = f"{instance.size - missing} of {instance.size} requests placed on {len(found.kinds)} nodes."
    waste = ", ".join(f"{n} {_percent(w)}" for n, w in zip(names, stranded(instance, found)[present], strict=True))
    lines = [f"{head} Stranded (free where a request drawn at random does not fit), of all capacity: {waste}.", ""]
    columns = [*(f"capacity {n}" for n in names), *(f"free {n}" for n in names)]
    lines += [f"| type | nodes | {' | '.join(columns)} |", "|--:" * (2 + len(columns)) + "|"]
    counts = np.bincount(found.kinds, minlength=len(instance.types))
    for t in np.argsort(-counts, kind="stable")[:EXPLAINED_TYPES]:
        here = found.kinds == t
        if counts[t]:
            cells = [str(instance.types[t, r]) for r in present]
            cells += [_percent(_ratio(found.free[here, r], capacity[here, r])) for r in present]
            lines.append(f"| {t} | {counts[t]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(free: Ints, capacity: Ints) -> float:
    return float(free.sum() / capacity.sum()) if capacity.any() else math.nan


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"
