"""The trusted side of routing: replay decisions, score them, explain where time goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.routing.contract import JUDGEMENTS
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate
from heuresis.problems.problem import Objective, Score
from heuresis.problems.routing import schedules
from heuresis.problems.routing.explain import explanation
from heuresis.problems.routing.instances import RouterInstance
from heuresis.problems.routing.schedules import replayed
from heuresis.problems.serving import scoring
from heuresis.problems.serving.metrics import Scenario, metrics
from heuresis.problems.serving.replay_cache import cut

Instances = Sequence[RouterInstance]

OBJECTIVES: Mapping[str, Objective] = {
    name: Objective(
        name,
        f"{scoring.MEANINGS[name]}, plus the price of replica-seconds where replicas may be switched, divided "
        "by what the shortest queue (LLQ) reaches on the same scenario; the geometric mean over scenarios",
    )
    for name in OBJECTIVE_NAMES
}
"""What a run may minimise, by name; the first is the default."""

AUDITED = 4
"""At most so many instances are audited by the reference interpreter."""


@dataclass(frozen=True, slots=True)
class RouterScoring:
    """Scores routers by one of the objectives.

    Decisions: `uint8[instances]` (1: decided), `int64[instances]` (how long each one's are) and all of them (`int32`),
    concatenated. The value of an instance is a ratio to the shortest queue.
    """

    objective: str = OBJECTIVE_NAMES[0]

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.routing.simulator.Routing`."""
        return schedules.pack(instances, self._number, self._reference(instances))

    def values(self, instances: Instances, decisions: Decisions) -> tuple[tuple[float | None, ...], str]:
        """The objective over that of the shortest queue; None where infeasible."""
        if problem := scoring.misfit(decisions, len(instances)):
            return (None,) * len(instances), problem
        found, faults = replayed(instances, decisions)
        there = [i for i, one in enumerate(found) if one is not None]
        served = [one for one in found if one is not None]
        some = [instances[i] for i in there]
        ratios = schedules.values(self._number, some, served) / self._reference(some) if some else np.zeros(0)
        values: list[float | None] = [None] * len(instances)
        for place, ratio in zip(there, ratios.tolist(), strict=True):
            values[place] = ratio
        wrong = next(
            (f"{fault} (first on instance {instances[i].name})" for i, fault in enumerate(faults) if fault), ""
        )
        return tuple(values), wrong

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
        """The geometric mean of the values; the metrics are those of `measure`, from decisions."""
        del instances
        return Score(aggregate(np.asarray(values, dtype=np.float64)), {})

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (workload, engine, replicas and load): programs × draws, the same for all programs."""
        counts = np.zeros((draws, len(instances)))
        for members in scoring.cells(instances, "workload", "engine", "replicas", "load").values():
            share = np.full(len(members), 1.0 / len(members))
            counts[:, members] = rng.multinomial(len(members), share, size=draws)
        means: Floats = np.exp(np.log(values) @ counts.T / len(instances))
        return means

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances by workload, engine and kind of replicas; files as a whole."""
        groups = scoring.cells(instances, "workload", "engine", "replicas")
        return {" ".join(str(part) for part in cell if part is not None) or "all": of for cell, of in groups.items()}

    def explain(self, instance: RouterInstance, decisions: Decisions) -> str:
        """Markdown tables of where time goes by size of request, and by replica."""
        values, message = self.values([instance], decisions)
        if values[0] is None:
            return message
        (found,), _ = replayed([instance], decisions)
        if found is None:
            raise RuntimeError(f"{instance.name}: decisions that have a value have no schedule")
        return f"{self.objective} is {values[0]:.3f} times that of the shortest queue. {explanation(instance, found)}"

    def decisions_in(self, instances: Instances) -> int:
        """Requests, each as many decisions as the simulator counts it."""
        return JUDGEMENTS * sum(one.size for one in instances)

    @property
    def _number(self) -> int:
        return OBJECTIVE_NAMES.index(self.objective)

    def _reference(self, instances: Instances) -> Floats:
        return schedules.values(self._number, instances, schedules.base(instances))


def scenario(found: Routed) -> Scenario:
    """What became of requests as the metrics of serving want it."""
    return Scenario(found.results, found.restarts, found.cached, found.recomputed)


def measure(instances: Instances, decisions: Decisions) -> Mapping[str, float | None]:
    """The metrics of feasible decisions: those of serving, and `replica_seconds` in sum."""
    found, _ = replayed(instances, decisions)
    there = [one for one in found if one is not None]
    measured = dict(metrics([scenario(one) for one in there]))
    return measured | {"replica_seconds": float(sum(one.replica_seconds for one in there))}
