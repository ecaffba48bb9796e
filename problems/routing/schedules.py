"""Schedules of routers on the trusted side: decisions replayed, and what the shortest queue reaches."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Floats, Ints, Stream
from heuresis.evaluators.routing.contract import CONTRACT
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.serving.results import Results
from heuresis.problems.baselines import source_of
from heuresis.problems.routing.instances import RouterInstance
from heuresis.problems.serving import schedules
from heuresis.problems.serving.decisions import cut
from heuresis.problems.serving.per_instance import PerInstance

Instances = Sequence[RouterInstance]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What became of an instance, and the decisions that it comes from."""

    routed: Routed
    stream: Stream

    @property
    def results(self) -> Results:
        """The times of its requests."""
        return self.routed.results


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
        "replica_offsets": ragged.offsets(len(one.fleet) for one in instances),
        "active": np.array([len(one.fleet) if some is None else some.active for one, some in pairs], dtype=np.int64),
        "startup": np.array([np.nan if some is None else some.startup for some in switching]),
        "price": np.array([one.price for one in instances]),
    }


def replayed(instances: Instances, decisions: Decisions) -> list[Schedule | str]:
    """What became of each instance, or what is wrong with its decisions.

    Raises ValueError where they are not of the shape of those of `Routing.decide` (`decisions.misfit`).
    """
    from heuresis.evaluators.routing.simulator import Routing

    made, faults = Routing(pack(instances)).routed(np.arange(len(instances)), decisions)
    streams = [stream.astype(np.int32, copy=False) for _, _, stream in cut(decisions)]
    return [
        fault if one is None else Schedule(one, stream)
        for one, fault, stream in zip(made, faults, streams, strict=True)
    ]


def base(instances: Instances) -> list[Routed]:
    """What the shortest queue makes of each instance; computed once for each and kept with it."""
    return _BASE.of(instances)


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


_BASE = PerInstance[RouterInstance, Routed](functools.partial(run, BASE))


@functools.cache
def compiled(rule: str) -> object:
    """A rule that comes with the problem, compiled; nothing else is ever compiled on the trusted side."""
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.sandbox.screen.screen import screen

    return compile_program(screen(source_of("routing", rule), CONTRACT.allow_list()), CONTRACT)
