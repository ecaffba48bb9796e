"""Schedules of LLM requests on the trusted side: decisions replayed, and what rules of ours reach, to compare with."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Floats, Stream
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.results import Results, Served
from heuresis.problems.baselines import source_of
from heuresis.problems.serving.decisions import cut
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.per_instance import PerInstance

Instances = Sequence[ServingInstance]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What became of an instance, and the decisions that it comes from."""

    scenario: Scenario
    stream: Stream

    @property
    def results(self) -> Results:
        """The times of its requests."""
        return self.scenario.results


_FLOATS = ("arrival", "estimate", "gap")
_INTS = ("prompt", "output", "client", "program", "slo", "after")


def pack(
    instances: Instances, objective: int = 0, reference: Floats | None = None
) -> Mapping[str, NDArray[np.generic]]:
    """The payload of `evaluators.serving.simulator.Serving`; without `reference` a loss is in the objective's unit."""
    levels = [one.engine.slo for one in instances]
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.concatenate([getattr(one, name) for one in instances]) for name in (*_FLOATS, *_INTS)
    }
    blocks = ragged.offsets([len(one.prefix_blocks) for one in instances])
    starts = [one.prefix_offsets[:-1] + blocks[i] for i, one in enumerate(instances)]
    return arrays | {
        "offsets": ragged.offsets([one.size for one in instances]),
        "prefix_offsets": np.concatenate([*starts, blocks[-1:]]),
        "prefix_blocks": np.concatenate([one.prefix_blocks for one in instances]),
        "engine": np.array([one.engine.to_array() for one in instances]),
        "slo_ttft": np.array([level.ttft for some in levels for level in some]),
        "slo_tpot": np.array([level.tpot for some in levels for level in some]),
        "slo_best_effort": np.array([float(level.best_effort) for some in levels for level in some]),
        "slo_offsets": ragged.offsets([len(some) for some in levels]),
        "objective": np.array([objective], dtype=np.int64),
        "reference": np.ones(len(instances)) if reference is None else reference,
    }


def replayed(instances: Instances, decisions: Decisions) -> list[Schedule | str]:
    """What became of each instance, or what is wrong with its decisions.

    Decisions are those of `Serving.decide`, of all instances in their order. Raises ValueError where they are not of
    that shape (`decisions.misfit`).
    """
    from heuresis.evaluators.serving.faults import FAULTS
    from heuresis.evaluators.serving.simulator import Serving

    served = Serving(pack(instances)).served(np.arange(len(instances)), decisions)
    streams = [stream.astype(np.int32, copy=False) for _, _, stream in cut(decisions)]
    return [
        FAULTS[served.faults[i]] or Schedule(_scenario(one, served, i), streams[i]) for i, one in enumerate(instances)
    ]


def timeline(instance: ServingInstance, schedule: Schedule) -> Floats:
    """One instance's iterations under a schedule: rows (s, waiting, running, share of blocks in use)."""
    from heuresis.evaluators.serving.simulator import Serving

    rows = Serving(pack([instance])).timeline(0, schedule.stream)
    shares: Floats = rows / np.array([1.0, 1.0, 1.0, instance.engine.blocks])
    return shares


def fcfs(instances: Instances) -> list[Results]:
    """The times of each instance under first come, first served; computed once for each and kept with it."""
    return _FCFS.of(instances)


def run(rule: str, instances: Instances) -> list[Scenario]:
    """What one of the rules that come with the problem makes of instances, computed in this process."""
    return scheduled(_compiled(rule), instances)


def scheduled(program: object, instances: Instances) -> list[Scenario]:
    """What a program of ours, `compiled`, makes of instances. Raises RuntimeError where it decides nothing feasible."""
    from heuresis.evaluators.serving.simulator import Serving

    decisions = Serving(pack(instances)).decide(program, np.zeros(0), np.arange(len(instances)))
    done: list[Scenario] = []
    for one in replayed(instances, decisions):
        if isinstance(one, str):
            raise RuntimeError(f"a rule of ours: {one}")  # noqa: TRY004 - no type is wrong, a rule is
        done.append(one.scenario)
    return done


def compiled(source: str) -> object:
    """A program of ours, compiled; nothing of anybody else's is ever compiled on the trusted side."""
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.sandbox.screen.screen import screen

    return compile_program(screen(source, CONTRACT.allow_list()), CONTRACT)


_FCFS = PerInstance[ServingInstance, Results](lambda instances: [one.results for one in run("fcfs", instances)])


@functools.cache
def _compiled(rule: str) -> object:
    """A rule that comes with the problem."""
    return compiled(source_of("serving", rule))


def _scenario(instance: ServingInstance, served: Served, index: int) -> Scenario:
    part = slice(int(served.offsets[index]), int(served.offsets[index + 1]))
    levels = instance.engine.slo
    results = Results(
        arrived=served.arrived[part],
        first_token=served.first_token[part],
        finish=served.finish[part],
        prompt=instance.prompt,
        output=served.output[part],
        ttft_slo=np.array([level.ttft for level in levels])[instance.slo],
        tpot_slo=np.array([level.tpot for level in levels])[instance.slo],
        client=instance.client,
        horizon=float(instance.arrival[-1]),
    )
    return Scenario(results, served.restarts[part], served.cached[part], served.recomputed[part])
