"""Schedules of routers on the trusted side: decisions replayed, and what the shortest queue reaches."""

import functools
import threading
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.routing.contract import CONTRACT
from heuresis.evaluators.routing.results import Routed
from heuresis.problems.baselines import source_of
from heuresis.problems.routing.instances import RouterInstance, fingerprint
from heuresis.problems.serving import schedules
from heuresis.problems.serving.replay_cache import Replays

Instances = Sequence[RouterInstance]

BASE = "llq"
"""The rule whose values all others are divided by."""


def pack(
    instances: Instances, objective: int = 0, reference: Floats | None = None
) -> Mapping[str, NDArray[np.generic]]:
    """The payload of `evaluators.routing.simulator.Routing`; without `reference` a loss is in the objective's unit."""
    arrays = dict(schedules.pack([one.requests for one in instances], objective, reference))
    switching = [one.switching for one in instances]
    pairs = list(zip(instances, switching, strict=True))
    return arrays | {
        "engine": np.array([engine.to_array() for one in instances for engine in one.fleet]),
        "role": np.array([role for one in instances for role in one.roles], dtype=np.int64),
        "replica_offsets": np.concatenate(([0], np.cumsum([len(one.fleet) for one in instances]))).astype(np.int64),
        "active": np.array([len(one.fleet) if some is None else some.active for one, some in pairs], dtype=np.int64),
        "startup": np.array([np.nan if some is None else some.startup for some in switching]),
        "price": np.array([0.0 if some is None else some.price for some in switching]),
    }


def replayed(instances: Instances, decisions: Decisions) -> tuple[list[Routed | None], list[str]]:
    """What became of each instance, None where its decisions are not feasible, and what is wrong with them (or "")."""

    def replay(numbers: Sequence[int], some: Decisions) -> list[tuple[Routed | None, str]]:
        from heuresis.evaluators.routing.simulator import Routing

        made, faults = Routing(pack([instances[i] for i in numbers])).routed(np.arange(len(numbers)), some)
        return list(zip(made, faults, strict=True))

    marks = [fingerprint([one]) for one in instances]
    found = _REPLAYS.of(marks, [one.size for one in instances], decisions, replay)
    return [one for one, _ in found], [fault for _, fault in found]


def values(objective: int, instances: Instances, found: Sequence[Routed]) -> Floats:
    """The objective, with the price of the replicas, on each instance."""
    from heuresis.evaluators.routing.simulator import Routing

    simulator = Routing(pack(instances, objective))
    return np.array([simulator.value(i, one) for i, one in enumerate(found)])


def base(instances: Instances) -> list[Routed]:
    """What the shortest queue makes of each instance; computed once for each and kept in memory."""
    names = [fingerprint([one]) for one in instances]
    missing = {name: one for name, one in zip(names, instances, strict=True) if name not in _KNOWN}
    if missing:
        found = run(BASE, list(missing.values()))
        with _LOCK:
            _KNOWN.update(zip(missing, found, strict=True))
    return [_KNOWN[name] for name in names]


def run(rule: str, instances: Instances) -> list[Routed]:
    """What one of the rules that come with the problem makes of instances, computed in this process."""
    from heuresis.evaluators.routing.simulator import Routing

    simulator = Routing(pack(instances))
    order: Ints = np.arange(len(instances))
    found, faults = simulator.routed(order, simulator.decide(compiled(rule), np.zeros(0), order))
    done = [one for one in found if one is not None]
    if len(done) < len(found):
        raise RuntimeError(f"{rule}: {next(fault for fault in faults if fault)}")
    return done


_KNOWN: dict[str, Routed] = {}
_REPLAYS: Replays[tuple[Routed | None, str]] = Replays()
_LOCK = threading.Lock()


@functools.cache
def compiled(rule: str) -> object:
    """A rule that comes with the problem, compiled; nothing else is ever compiled on the trusted side."""
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.sandbox.screen.screen import screen

    return compile_program(screen(source_of("routing", rule), CONTRACT.allow_list()), CONTRACT)
