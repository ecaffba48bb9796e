"""Schedules of LLM requests on the trusted side: decisions replayed, and what rules of ours reach, to compare with."""

import functools
import threading
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.results import Results, Served
from heuresis.problems.baselines import source_of
from heuresis.problems.serving.instances import ServingInstance, fingerprint
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.replay_cache import Replays

Instances = Sequence[ServingInstance]

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
    blocks = _offsets([len(one.prefix_blocks) for one in instances])
    starts = [one.prefix_offsets[:-1] + blocks[i] for i, one in enumerate(instances)]
    return arrays | {
        "offsets": _offsets([one.size for one in instances]),
        "prefix_offsets": np.concatenate([*starts, blocks[-1:]]),
        "prefix_blocks": np.concatenate([one.prefix_blocks for one in instances]),
        "engine": np.array([one.engine.to_array() for one in instances]),
        "slo_ttft": np.array([level.ttft for some in levels for level in some]),
        "slo_tpot": np.array([level.tpot for some in levels for level in some]),
        "slo_offsets": _offsets([len(some) for some in levels]),
        "objective": np.array([objective], dtype=np.int64),
        "reference": np.ones(len(instances)) if reference is None else reference,
    }


def replayed(instances: Instances, decisions: Decisions) -> tuple[list[Scenario | None], list[str]]:
    """What became of each instance, None where its decisions are not feasible, and what is wrong with them (or "").

    Decisions are those of `Serving.decide`, of all instances in their order.
    """

    def replay(numbers: Sequence[int], some: Decisions) -> list[tuple[Scenario | None, str]]:
        from heuresis.evaluators.serving.faults import FAULTS
        from heuresis.evaluators.serving.simulator import Serving

        chosen = [instances[i] for i in numbers]
        served = Serving(pack(chosen)).served(np.arange(len(chosen)), some)
        faults = [FAULTS[number] for number in served.faults]
        pairs = enumerate(zip(chosen, faults, strict=True))
        return [(None if fault else _scenario(one, served, i), fault) for i, (one, fault) in pairs]

    marks = [fingerprint([one]) for one in instances]
    found = _REPLAYS.of(marks, [one.size for one in instances], decisions, replay)
    return [one for one, _ in found], [fault for _, fault in found]


def timeline(instance: ServingInstance, decisions: Decisions) -> Floats:
    """One instance's iterations under feasible decisions: rows (s, waiting, running, share of blocks in use)."""
    from heuresis.evaluators.serving.simulator import Serving

    rows = Serving(pack([instance])).timeline(0, decisions[2].astype(np.int32, copy=False))
    shares: Floats = rows / np.array([1.0, 1.0, 1.0, instance.engine.blocks])
    return shares


def fcfs(instances: Instances) -> list[Results]:
    """The times of each instance under first come, first served; computed once for each and kept in memory."""
    names = [fingerprint([one]) for one in instances]
    missing = {name: one for name, one in zip(names, instances, strict=True) if name not in _KNOWN}
    if missing:
        found = run("fcfs", list(missing.values()))
        with _LOCK:
            _KNOWN.update((name, one.results) for name, one in zip(missing, found, strict=True))
    return [_KNOWN[name] for name in names]


def run(rule: str, instances: Instances) -> list[Scenario]:
    """What one of the rules that come with the problem makes of instances, computed in this process."""
    return scheduled(_compiled(rule), instances)


def scheduled(program: object, instances: Instances) -> list[Scenario]:
    """What a program of ours, `compiled`, makes of instances. Raises RuntimeError where it decides nothing feasible."""
    from heuresis.evaluators.serving.simulator import Serving

    decisions = Serving(pack(instances)).decide(program, np.zeros(0), np.arange(len(instances)))
    found, faults = replayed(instances, decisions)
    done = [one for one in found if one is not None]
    if len(done) < len(found):
        raise RuntimeError(f"a rule of ours: {next(fault for fault in faults if fault)}")
    return done


def compiled(source: str) -> object:
    """A program of ours, compiled; nothing of anybody else's is ever compiled on the trusted side."""
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.sandbox.screen.screen import screen

    return compile_program(screen(source, CONTRACT.allow_list()), CONTRACT)


_KNOWN: dict[str, Results] = {}
_REPLAYS: Replays[tuple[Scenario | None, str]] = Replays()
_LOCK = threading.Lock()


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


def _offsets(sizes: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
