"""The trusted side of LLM serving: replay decisions, score them, explain where time goes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.serving.contract import JUDGEMENTS
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate, value
from heuresis.problems.problem import Instance, Objective, Score
from heuresis.problems.serving.explain import explanation
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import metrics
from heuresis.problems.serving.replay_cache import cut
from heuresis.problems.serving.schedules import fcfs, pack, replayed

Instances = Sequence[ServingInstance]

MEANINGS = {
    "e2e_mean": "the mean time from arrival to the last token",
    "e2e_p99": "the 99th percentile of the time from arrival to the last token",
    "ttft_mean": "the mean time to the first token",
    "ttft_p99": "the 99th percentile of the time to the first token",
    "tpot_p99": "the 99th percentile of the time per output token after the first",
    "goodput": "the time until the last arrival per (1 + request that met its SLO and finished by then)",
    "slo": "the share of requests that missed their SLO, (1 + missed) / (1 + requests)",
    "fairness": "the largest service gap of two backlogged clients plus the mean service of a request, in tokens",
}

OBJECTIVES: Mapping[str, Objective] = {
    name: Objective(
        name,
        f"{MEANINGS[name]}, divided by what first come, first served reaches on the same scenario; the geometric mean "
        "over scenarios",
    )
    for name in OBJECTIVE_NAMES
}
"""What a run may minimise, by name; the first is the default."""

AUDITED = 8
"""How many instances are audited by the reference interpreter."""


@dataclass(frozen=True, slots=True)
class ServingScoring:
    """Scores schedules of requests on one replica by one of the objectives.

    Decisions: `uint8[instances]` (1: decided), `int64[instances]` (how long each one's are) and all of them (`int32`),
    concatenated. The value of an instance is a ratio to first come, first served.
    """

    objective: str = OBJECTIVE_NAMES[0]

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.serving.simulator.Serving`."""
        return pack(instances, OBJECTIVE_NAMES.index(self.objective), self._reference(instances))

    def values(self, instances: Instances, decisions: Decisions) -> tuple[tuple[float | None, ...], str]:
        """The objective over that of first come, first served; None where infeasible."""
        if problem := misfit(decisions, len(instances)):
            return (None,) * len(instances), problem
        found, faults = replayed(instances, decisions)
        values: list[float | None] = []
        message = ""
        for index, (one, reference) in enumerate(zip(found, self._reference(instances), strict=True)):
            reached = None if one is None else value(self.objective, one.results) / reference
            if one is None:
                message = message or f"{faults[index]} (first on instance {instances[index].name})"
            values.append(reached)
        return tuple(values), message

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided, the length of its decisions and themselves."""
        del instances
        return cut(decisions)

    def audited(self, instances: Instances) -> Ints:
        """One instance of each of up to 6 workloads, the smallest of its own that is not the least loaded."""
        cells: dict[object, list[int]] = defaultdict(list)
        for index, one in enumerate(instances):
            cells[one.labels.get("workload")].append(index)
        chosen = [
            min(members, key=lambda i: (instances[i].size, -_load(instances[i]), i)) for members in cells.values()
        ]
        return np.array(sorted(chosen[:AUDITED], key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The geometric mean of the values; the metrics are those of `measure`, from decisions."""
        del instances
        return Score(aggregate(np.asarray(values, dtype=np.float64)), {})

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (workload, load and engine): programs × draws, the same draws for all programs."""
        counts = np.zeros((draws, len(instances)))
        for members in cells(instances, "workload", "load", "engine").values():
            share = np.full(len(members), 1.0 / len(members))
            counts[:, members] = rng.multinomial(len(members), share, size=draws)
        means: Floats = np.exp(np.log(values) @ counts.T / len(instances))
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by workload and load, the share of what the engine can serve (`chat 0.8`); files as a whole."""
        groups = cells(instances, "workload", "load")
        return {" ".join(str(part) for part in cell if part is not None) or "all": of for cell, of in groups.items()}

    def explain(self, instance: ServingInstance, decisions: Decisions) -> str:
        """Markdown tables of where time goes by size of request, and of queue, batch and memory over time."""
        values, message = self.values([instance], decisions)
        if values[0] is None:
            return message
        head = f"{self.objective} is {values[0]:.3f} times that of first come, first served."
        return f"{head} {explanation(instance, decisions)}"

    def decisions_in(self, instances: Instances) -> int:
        """Requests, each as many decisions as the simulator counts it."""
        return JUDGEMENTS * sum(one.size for one in instances)

    def _reference(self, instances: Instances) -> Floats:
        return np.array([value(self.objective, results) for results in fcfs(instances)])


def measure(instances: Instances, decisions: Decisions) -> Mapping[str, float | None]:
    """The metrics of feasible decisions (`heuresis.problems.serving.metrics.metrics`)."""
    found, _ = replayed(instances, decisions)
    return metrics([one for one in found if one is not None])


def cells(instances: Sequence[Instance], *labels: str) -> Mapping[tuple[object, ...], Ints]:
    """The numbers of instances that are alike in these labels."""
    cells: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, one in enumerate(instances):
        cells[tuple(one.labels.get(label) for label in labels)].append(index)
    return {cell: np.array(members, dtype=np.int64) for cell, members in cells.items()}


def _load(instance: ServingInstance) -> float:
    load = instance.labels.get("load", 0.0)
    return 0.0 if isinstance(load, str) else float(load)


def misfit(decisions: Decisions, count: int) -> str:
    """What is wrong with the shape of the decisions, or nothing."""
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = len(decisions) == 3 and all(a.ndim == 1 for a in decisions)
    if fits:
        decided, lengths, stream = decisions[0], decisions[1].astype(np.int64), decisions[2]
        fits = decided.shape == lengths.shape == (count,) and decided.dtype.kind == "u"
        fits = fits and decisions[1].dtype == np.int64 and stream.dtype == np.int32
        # Lengths come from a child: none may be negative or so large that their sum wraps around.
        fits = fits and bool(np.all((lengths >= 0) & (lengths <= len(stream)))) and lengths.sum() == len(stream)
    return "" if fits else f"expected decisions uint8[{count}], int64[{count}], int32[their sum], got {got or 'none'}"
