"""The trusted side of LLM serving: replay decisions, score them, explain where time goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.serving.contract import JUDGEMENTS
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate, value
from heuresis.problems import resampling
from heuresis.problems.constraints import Constraint
from heuresis.problems.figures import Figure
from heuresis.problems.scoring import Instance, Objective, Replay, Score, Scoring, complaint
from heuresis.problems.serving.blocks import over_time
from heuresis.problems.serving.decisions import cut, misfit
from heuresis.problems.serving.explain import explanation
from heuresis.problems.serving.facts import attainment, compared, facts, remarks
from heuresis.problems.serving.figures import figures
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.limits import limit_arrays
from heuresis.problems.serving.metrics import metrics
from heuresis.problems.serving.records import COLUMNS, records
from heuresis.problems.serving.schedules import Schedule, fcfs, pack, replayed, run

Instances = Sequence[ServingInstance]

MEANINGS = {
    "e2e_mean": "the mean time from arrival to the last token",
    "e2e_p99": "the 99th percentile of the time from arrival to the last token",
    "ttft_mean": "the mean time to the first token",
    "ttft_p99": "the 99th percentile of the time to the first token",
    "tpot_p99": "the 99th percentile of the time per output token after the first",
    "goodput": "the time until the last arrival per (1 + request that met its SLO and finished by then)",
    "slo": "the share of requests that missed their SLO, (1 + missed) / (1 + requests)",
    "critical_ttft_p90": "the 90th percentile of the time to the first token of the class that is promised the "
    "earliest one, divided by the share of the other requests that was not refused",
    "fairness": "the largest service gap of two backlogged clients plus the mean service of a request, in tokens",
}

LABELS = {"goodput": "1/goodput", "slo": "SLO missed"}
"""What tables call an objective whose name alone would suggest that larger is better."""

OBJECTIVES: Mapping[str, Objective] = {
    name: Objective(
        name,
        f"{MEANINGS[name]}, divided by what first come, first served reaches on the same scenario; the geometric mean "
        "over scenarios",
        label=LABELS.get(name, ""),
    )
    for name in OBJECTIVE_NAMES
}
"""What a run may minimise, by name; the first is the default."""

_BOUNDS: Mapping[str, Mapping[str, float]] = {
    "e2e_mean": {"e2e_p99": 1.1},
    "e2e_p99": {"e2e_mean": 1.1},
    "ttft_mean": {"e2e_mean": 1.1, "ttft_p99": 1.5, "tpot_p99": 1.5},
    "critical_ttft_p90": {"e2e_mean": 1.1, "tpot_p99": 1.5},
    "ttft_p99": {"e2e_mean": 1.1, "tpot_p99": 1.5},
    "tpot_p99": {"e2e_mean": 1.1, "ttft_p99": 1.5},
    "goodput": {"e2e_mean": 1.1},
    "slo": {"e2e_mean": 1.1},
    "fairness": {"e2e_mean": 1.1},
}
"""By objective, how much larger other metrics may become than those of a classical rule."""


def guards(rule: str) -> Mapping[str, tuple[str, ...]]:
    """What a search for each objective is subject to where nothing else is said: it may not ruin the other times."""
    return {
        name: tuple(f"{metric}<={factor}*{rule}" for metric, factor in bounds.items())
        for name, bounds in _BOUNDS.items()
    }


AUDITED = 8
"""How many instances are audited by the reference interpreter."""


@dataclass(frozen=True, slots=True)
class ServingScoring(Scoring):
    """Scores schedules of requests on one replica by one of the objectives.

    Decisions: `uint8[instances]` (1: decided), `int64[instances]` (how long each one's are) and all of them (`int32`),
    concatenated. The value of an instance is a ratio to first come, first served.
    """

    columns: ClassVar[tuple[str, ...]] = COLUMNS
    objective: str = OBJECTIVE_NAMES[0]
    limits: tuple[Constraint, ...] = ()  # that simulators mind

    def bounded(self, constraints: tuple[Constraint, ...]) -> Scoring:
        """The scoring with simulators that mind constraints on times."""
        return replace(self, limits=constraints)

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.serving.simulator.Serving`."""
        packed = pack(instances, OBJECTIVE_NAMES.index(self.objective), self._reference(instances))
        limits = limit_arrays(self.limits, len(instances), lambda rule: [one.results for one in run(rule, instances)])
        return {**packed, **limits}

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Follow the decisions on each instance's engine; None where it cannot do what they say."""
        if problem := misfit(decisions, len(instances)):
            return Replay((None,) * len(instances), problem)
        found = replayed(instances, decisions)
        schedules = tuple(None if isinstance(one, str) else one for one in found)
        return Replay(schedules, complaint(instances, [one if isinstance(one, str) else "" for one in found]))

    def value(self, instance: ServingInstance, schedule: Schedule) -> float:
        """The objective over that of first come, first served."""
        return value(self.objective, schedule.results) / float(self._reference([instance])[0])

    def metrics(self, instances: Instances, schedules: Sequence[Schedule]) -> Mapping[str, float | None]:
        """Times, rates and costs (`heuresis.problems.serving.metrics.metrics`)."""
        del instances
        return metrics([one.scenario for one in schedules])

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided, the length of its decisions and themselves."""
        del instances
        return cut(decisions)

    def audited(self, instances: Instances) -> Ints:
        """One instance of each of up to 6 workloads, the smallest of its own that is not the least loaded."""
        chosen = [
            min(members.tolist(), key=lambda i: (instances[i].size, -_load(instances[i]), i))
            for members in cells(instances, "workload").values()
        ]
        return np.array(sorted(chosen[:AUDITED], key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The geometric mean of the values; the metrics are those of schedules."""
        del instances
        return Score(aggregate(np.asarray(values, dtype=np.float64)), {})

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (workload, load and engine): programs × draws, the same draws for all programs."""
        alike = cells(instances, "workload", "load", "engine").values()
        counts = resampling.drawn(alike, len(instances), draws, rng)
        means: Floats = np.exp(np.log(values) @ counts.T / len(instances))
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by workload and load, the share of what the engine can serve (`chat 0.8`); files as a whole."""
        return grouped(instances, "workload", "load")

    def explain(self, instance: ServingInstance, schedule: Schedule) -> str:
        """Markdown tables of where time goes by size of request, and of queue, batch and memory over time."""
        reached, reference = value(self.objective, schedule.results), float(self._reference([instance])[0])
        head = compared(self.objective, reached, reference, "first come, first served")
        return f"{head} {attainment(instance, schedule.results)} {explanation(instance, schedule)}"

    def facts(self, instances: Instances) -> Sequence[str]:
        """Engine, requests per second, load and classes (`serving.facts`)."""
        return facts(instances)

    def remarks(self, measured: Sequence[Mapping[str, float | None]]) -> Sequence[str]:
        """A word where nobody or everybody meets the SLO (`serving.facts`)."""
        return remarks(measured)

    def figures(self, instance: ServingInstance, schedules: Mapping[str, Schedule]) -> Sequence[Figure]:
        """Queue, batch and memory over time, and how long requests take (`serving.figures`)."""
        return figures(instance, schedules)

    def items(self, instance: ServingInstance, schedule: Schedule) -> Iterator[tuple[str | int | float | None, ...]]:
        """What became of each request (`serving.records`)."""
        return records(instance, schedule.scenario)

    def over_time(
        self, instance: ServingInstance, schedule: Schedule, draws: int, rng: np.random.Generator
    ) -> Floats | None:
        """The value in moving blocks of requests (`serving.blocks`)."""
        [reference] = fcfs([instance])
        return over_time(self.objective, schedule.results, reference, draws, rng)

    def decisions_in(self, instances: Instances) -> int:
        """Requests, each as many decisions as the simulator counts it."""
        return JUDGEMENTS * sum(one.size for one in instances)

    def _reference(self, instances: Instances) -> Floats:
        return np.array([value(self.objective, results) for results in fcfs(instances)])


def cells(instances: Sequence[Instance], *labels: str) -> Mapping[object, Ints]:
    """The numbers of instances that are alike in these labels."""
    return resampling.cells(tuple(one.labels.get(label) for label in labels) for one in instances)


def grouped(instances: Sequence[Instance], *labels: str) -> Mapping[str, Ints]:
    """The same, each named by its labels that are there, or `all`."""
    return resampling.cells(
        " ".join(str(one.labels[label]) for label in labels if one.labels.get(label) is not None) or "all"
        for one in instances
    )


def _load(instance: ServingInstance) -> float:
    load = instance.labels.get("load", 0.0)
    return 0.0 if isinstance(load, str) else float(load)
