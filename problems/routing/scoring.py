"""The trusted side of routing: replay decisions, score them, explain where time goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.routing.contract import JUDGEMENTS
from heuresis.evaluators.routing.objective import value
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate
from heuresis.problems import resampling
from heuresis.problems.constraints import Constraint
from heuresis.problems.figures import Figure
from heuresis.problems.metrics import Metric
from heuresis.problems.routing.explain import explanation
from heuresis.problems.routing.figures import figures
from heuresis.problems.routing.instances import RouterInstance
from heuresis.problems.routing.schedules import Schedule, base, pack, replayed, run
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint
from heuresis.problems.serving import scoring
from heuresis.problems.serving.blocks import over_time
from heuresis.problems.serving.decisions import cut, misfit
from heuresis.problems.serving.facts import attainment, compared, facts, remarks
from heuresis.problems.serving.limits import limit_arrays
from heuresis.problems.serving.metrics import METRICS as SERVED
from heuresis.problems.serving.metrics import Scenario, metrics
from heuresis.problems.serving.records import COLUMNS, records

Instances = Sequence[RouterInstance]

OBJECTIVES: Mapping[str, Objective] = {
    name: Objective(
        name,
        f"{scoring.MEANINGS[name]}, plus the price of replica-seconds where replicas may be switched, divided "
        "by what the shortest queue (LLQ) reaches on the same scenario; the geometric mean over scenarios",
        label=scoring.LABELS.get(name, ""),
    )
    for name in OBJECTIVE_NAMES
}
"""What a run may minimise, by name; the first is the default."""

METRICS = (*SERVED, Metric("replica_seconds", "time for which replicas are switched on, all together", "s", shown=True))
"""What `RouterScoring.metrics` tells, in its order."""

AUDITED = 4
"""At most so many instances are audited by the reference interpreter."""


def scenario_of(routed: Routed) -> Scenario:
    """What became of an instance's requests, whichever replicas served them."""
    return Scenario(routed.results, routed.restarts, routed.cached, routed.recomputed)


@dataclass(frozen=True, slots=True)
class RouterScoring(Scoring):
    """Scores routers by one of the objectives.

    Decisions: `uint8[instances]` (1: decided), `int64[instances]` (how long each one's are) and all of them (`int32`),
    concatenated. The value of an instance is a ratio to the shortest queue.
    """

    columns: ClassVar[tuple[str, ...]] = COLUMNS
    objective: str = OBJECTIVE_NAMES[0]
    limits: tuple[Constraint, ...] = ()  # that simulators mind

    def bounded(self, constraints: tuple[Constraint, ...]) -> Scoring:
        """The scoring with simulators that mind constraints on times."""
        return replace(self, limits=constraints)

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.routing.simulator.Routing`."""
        packed = pack(instances, OBJECTIVE_NAMES.index(self.objective), self._reference(instances))
        limits = limit_arrays(self.limits, len(instances), lambda rule: [one.results for one in run(rule, instances)])
        return {**packed, **limits}

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Follow the decisions on each instance's replicas; None where they cannot do what they say."""
        if problem := misfit(decisions, len(instances)):
            return Replay((None,) * len(instances), problem)
        found = replayed(instances, decisions)
        schedules = tuple(None if isinstance(one, str) else one for one in found)
        return Replay(schedules, complaint(instances, [one if isinstance(one, str) else "" for one in found]))

    def value(self, instance: RouterInstance, schedule: Schedule) -> float:
        """The objective over that of the shortest queue."""
        reached = value(self.objective, schedule.routed, instance.price)
        return reached / float(self._reference([instance])[0])

    def metrics(self, instances: Instances, schedules: Sequence[Schedule]) -> Mapping[str, float | None]:
        """The metrics of serving, and `replica_seconds` in sum."""
        del instances
        there = [one.routed for one in schedules]
        measured = metrics([scenario_of(one) for one in there])
        return {**measured, "replica_seconds": float(sum(one.replica_seconds for one in there))}

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided, the length of its decisions and themselves."""
        del instances
        return cut(decisions)

    def audited(self, instances: Instances) -> Ints:
        """The first instance of each kind of replicas, then of workloads; smallest first."""
        chosen: dict[object, int] = {}
        for index, one in enumerate(instances):
            chosen.setdefault(("replicas", one.labels.get("replicas")), index)
        for index, one in enumerate(instances):
            chosen.setdefault(("workload", one.labels.get("workload")), index)
        some = sorted(set(chosen.values()))[:AUDITED]
        return np.array(sorted(some, key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The geometric mean of the values; the metrics are those of schedules."""
        del instances
        return Score(aggregate(np.asarray(values, dtype=np.float64)), {})

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (workload, engine, replicas and load): programs × draws, the same for all programs."""
        alike = scoring.cells(instances, "workload", "engine", "replicas", "load").values()
        counts = resampling.drawn(alike, len(instances), draws, rng)
        means: Floats = np.exp(np.log(values) @ counts.T / len(instances))
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by workload, engine and kind of replicas; files as a whole."""
        return scoring.grouped(instances, "workload", "engine", "replicas")

    def explain(self, instance: RouterInstance, schedule: Schedule) -> str:
        """Markdown tables of where time goes by size of request, and by replica."""
        reached = value(self.objective, schedule.routed, instance.price)
        head = compared(self.objective, reached, float(self._reference([instance])[0]), "the shortest queue")
        met = attainment(instance.requests, schedule.results)
        return f"{head} {met} {explanation(instance, schedule.routed)}"

    def facts(self, instances: Instances) -> Sequence[str]:
        """Replicas, requests per second, load and classes (`serving.facts`)."""
        return facts([one.requests for one in instances], [one.fleet for one in instances])

    def remarks(self, measured: Sequence[Mapping[str, float | None]]) -> Sequence[str]:
        """A word where nobody or everybody meets the SLO (`serving.facts`)."""
        return remarks(measured)

    def figures(self, instance: RouterInstance, schedules: Mapping[str, Schedule]) -> Sequence[Figure]:
        """Queues, batches and memory over time, and how long requests take (`routing.figures`)."""
        return figures(instance, schedules)

    def items(self, instance: RouterInstance, schedule: Schedule) -> Iterator[tuple[str | int | float | None, ...]]:
        """What became of each request (`serving.records`)."""
        return records(instance.requests, scenario_of(schedule.routed))

    def over_time(
        self, instance: RouterInstance, schedule: Schedule, draws: int, rng: np.random.Generator
    ) -> Floats | None:
        """The value in moving blocks of requests (`serving.blocks`); none where replica-seconds have a price."""
        if instance.price:
            return None
        [reference] = base([instance])
        return over_time(self.objective, schedule.routed.results, reference.results, draws, rng)

    def decisions_in(self, instances: Instances) -> int:
        """Requests, each as many decisions as the simulator counts it."""
        return JUDGEMENTS * sum(one.size for one in instances)

    def _reference(self, instances: Instances) -> Floats:
        pairs = zip(instances, base(instances), strict=True)
        return np.array([value(self.objective, found, one.price) for one, found in pairs])
