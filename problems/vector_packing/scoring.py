"""The trusted side of packing over several resources: replay placements, score them, explain where they lose."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED, RESOURCES
from heuresis.evaluators.vector_packing.objective import aggregate, lost, parts
from heuresis.problems.problem import MachineryError, Objective, Score
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.placing import Placed, placed, stranded

Instances = Sequence[VectorInstance]

EXCESS = Objective(
    "excess",
    "the nodes opened over the lower bounds of the nodes needed, summed over instances, minus 1",
    fraction=True,
)
LOST = Objective(
    "lost",
    "the mean over instances of the share of requests not placed plus the share of the fleet's capacity that is "
    "stranded (free on nodes where a request of the instance, drawn at random, does not fit; mean over resources)",
    fraction=True,
)

EXPLAINED_TYPES = 12

AUDITED, LARGEST_AUDITED = 12, 200
"""How many instances are audited by the reference interpreter, and how many requests the largest of them has."""


def objective_of(instances: Instances) -> Objective:
    """Which of the two objectives applies: nodes opened, or what a fixed fleet loses."""
    return EXCESS if all(i.opens for i in instances) else LOST


@dataclass(frozen=True, slots=True)
class VectorScoring:
    """Scores placements. Decisions: `uint8[instances]` (1: decided) and one of each request, all concatenated."""

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.vector_packing.simulator.Placement`."""
        fleets = [np.zeros(0, dtype=np.int64) if i.fleet is None else i.fleet for i in instances]
        return {
            "requests": np.concatenate([i.requests for i in instances]).reshape(-1),
            "offsets": _offsets([i.size for i in instances]),
            "types": np.concatenate([i.types for i in instances]).reshape(-1),
            "type_offsets": _offsets([len(i.types) for i in instances]),
            "fleet": np.concatenate(fleets),
            "fleet_offsets": _offsets([len(f) for f in fleets]),
            "opens": np.array([i.opens for i in instances], dtype=np.int64),
            "reference": _references(instances),
        }

    def values(
        self, instances: Instances, decisions: Sequence[NDArray[np.generic]]
    ) -> tuple[tuple[float | None, ...], str]:
        """The nodes opened, or on a fleet the requests not placed plus the share stranded; None where infeasible.

        Raises MachineryError where a value lies below the lower bound.
        """
        offsets = _offsets([i.size for i in instances])
        if problem := _misfit(decisions, len(instances), int(offsets[-1])):
            return (None,) * len(instances), problem
        values: list[float | None] = []
        message = ""
        for index, instance in enumerate(instances):
            value, complaint = None, "a score was NaN or infinite"
            if decisions[0][index] == 1:
                chosen = decisions[1][offsets[index] : offsets[index + 1]].astype(np.int64)
                found = placed(instance, chosen)
                value, complaint = (None, found) if isinstance(found, str) else (_value(instance, chosen, found), "")
            message = message or (complaint and f"{complaint} (first on instance {instance.name})")
            values.append(value)
        return tuple(values), message

    def cut(
        self, instances: Instances, decisions: Sequence[NDArray[np.generic]]
    ) -> Sequence[Sequence[NDArray[np.generic]]]:
        """Of each instance, whether it was decided and its decisions."""
        offsets, (decided, chosen) = _offsets([i.size for i in instances]), decisions
        return [(decided[i : i + 1], chosen[offsets[i] : offsets[i + 1]]) for i in range(len(instances))]

    def audited(self, instances: Instances) -> NDArray[np.int64]:
        """Up to 12 instances of up to 200 requests, in turn one of each cell; without any, the smallest one."""
        cells = [sorted(m, key=lambda i: instances[i].size) for m in _cells(instances, "family", "mix").values()]
        depth = max(len(members) for members in cells)
        rounds = [members[turn] for turn in range(depth) for members in cells if turn < len(members)]
        chosen = [i for i in rounds if instances[i].size <= LARGEST_AUDITED][:AUDITED]
        chosen = chosen or [min(range(len(instances)), key=lambda i: instances[i].size)]
        return np.array(sorted(chosen, key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The objective and the metrics `excess nodes lower_bound placed stranded`.

        `excess` and `lower_bound` are None on a fleet, `stranded` (the mean over instances) without one.
        """
        reached, reference, sizes, opens = _columns(instances, values)
        metrics: dict[str, float | None] = dict.fromkeys(("excess", "nodes", "lower_bound", "placed", "stranded"))
        if objective_of(instances) is EXCESS:
            metrics |= {"nodes": float(reached.sum()), "lower_bound": float(reference.sum())}
            metrics |= {"excess": float(reached.sum() / reference.sum() - 1.0), "placed": float(sizes.sum())}
        else:
            missing, wasted = parts(reached, sizes)
            metrics["nodes"] = float(sum(0 if i.fleet is None else len(i.fleet) for i in instances))
            metrics |= {"placed": float((sizes - missing).sum()), "stranded": float(wasted.mean())}
        return Score(aggregate(reached, reference, sizes.astype(np.int64), opens), metrics)

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (family, mix, size, load): programs × draws, the same draws for all programs."""
        counts = np.zeros((draws, len(instances)))
        for members in _cells(instances, "family", "mix", "requests", "nodes", "load").values():
            share = np.full(len(members), 1.0 / len(members))
            counts[:, members] = rng.multinomial(len(members), share, size=draws)
        _, reference, sizes, _ = _columns(instances, values[0])
        if objective_of(instances) is EXCESS:
            ratio: Floats = (values @ counts.T) / (counts @ reference) - 1.0
            return ratio
        both = np.array([lost(row, sizes) for row in values])
        means: Floats = both @ counts.T / len(instances)
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by family and size: `cpu-mem n=1000`, or on fleets by load, `load=1.1`; files as a whole."""
        groups: dict[str, list[int]] = defaultdict(list)
        for index, i in enumerate(instances):
            load = i.labels.get("load")
            own = f"{i.labels.get('family', 'all')} n={i.labels.get('requests', i.size)}"
            groups[own if load is None else f"load={load}"].append(index)
        return {name: np.array(members, dtype=np.int64) for name, members in groups.items()}

    def explain(self, instance: VectorInstance, decisions: Sequence[NDArray[np.generic]]) -> str:
        """A Markdown table of what each node type has free at the end, and how much of it is stranded."""
        values, message = self.values([instance], decisions)
        if values[0] is None:
            return message
        found = placed(instance, decisions[1].astype(np.int64))
        return message if isinstance(found, str) else _table(instance, values[0], found)

    def decisions_in(self, instances: Instances) -> int:
        """Requests."""
        return sum(i.size for i in instances)


def _offsets(sizes: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _references(instances: Instances) -> Floats:
    return np.array([i.bound for i in instances], dtype=np.float64)


def _columns(instances: Instances, values: Sequence[float] | Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """Values, lower bounds, numbers of requests and variants."""
    sizes = np.array([i.size for i in instances], dtype=np.float64)
    opens = np.array([i.opens for i in instances], dtype=np.int64)
    return np.asarray(values, dtype=np.float64), _references(instances), sizes, opens


def _misfit(decisions: Sequence[NDArray[np.generic]], count: int, requests: int) -> str:
    """What is wrong with the shape of the decisions, or nothing."""
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = len(decisions) == 2 and decisions[0].shape == (count,) and decisions[1].shape == (requests,)
    if fits and decisions[0].dtype.kind == "u" and decisions[1].dtype.kind == "i":
        return ""
    return f"expected decisions uint8[{count}], int32[{requests}], got {got or 'none'}"


def _value(instance: VectorInstance, chosen: Ints, found: Placed) -> float:
    missing = int(np.count_nonzero(chosen == NOT_PLACED))
    count = len(found.kinds) if instance.opens else missing
    if count < instance.bound:
        what = "nodes opened" if instance.opens else "requests not placed"
        raise MachineryError(f"{instance.name}: {count} {what} lie below the lower bound {instance.bound}")
    return float(count) if instance.opens else missing + float(np.nanmean(stranded(instance, found)))


def _cells(instances: Instances, *labels: str) -> Mapping[tuple[object, ...], list[int]]:
    """Instances that are alike in these labels."""
    cells: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, i in enumerate(instances):
        cells[tuple(i.labels.get(label) for label in labels)].append(index)
    return cells


def _table(instance: VectorInstance, value: float, found: Placed) -> str:
    present = np.flatnonzero(instance.types.any(axis=0))
    names = [RESOURCES[r] for r in present]
    capacity = instance.types[found.kinds]
    if instance.opens:
        head = f"{instance.size} requests on {len(found.kinds)} nodes; at least {instance.bound} are needed."
    else:
        missing = int(value) if value <= instance.size else instance.size
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
