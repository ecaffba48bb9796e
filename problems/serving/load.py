"""What load an instance is for engines: the rate of its requests over the capacity of `workloads.capacity`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.problem import InstanceError
from heuresis.problems.serving.instances import LARGEST_TIME, ServingInstance
from heuresis.problems.serving.workloads.capacity import capacity
from heuresis.problems.serving.workloads.families import CHAT
from heuresis.problems.serving.workloads.requests import Requests


def rate(instance: ServingInstance) -> float | None:
    """Requests per second from the first arrival to the last; None where all come at once."""
    span = float(instance.arrival[-1] - instance.arrival[0])
    return (instance.size - 1) / span if span > 0.0 else None


def load(instance: ServingInstance, fleet: Sequence[Engine] | None = None) -> float | None:
    """The rate as a share of what these engines (None: its own) can take of such requests; None where all come at once.

    Prompts that no engine has the memory for are rejected and do not count. Of prompts of which an earlier request had
    the beginning only the rest counts, where engines cache prefixes: the cache is taken to be large.
    """
    fleet, arriving = fleet or (instance.engine,), rate(instance)
    if arriving is None:
        return None
    fits = instance.prompt < min(one.kv_tokens for one in fleet)
    if not fits.any():
        return 0.0
    requests = _requests(instance, np.flatnonzero(fits).astype(np.int64))
    return arriving * float(fits.mean()) / sum(capacity(requests, one) for one in fleet)


def at_load(instance: ServingInstance, wanted: float, fleet: Sequence[Engine]) -> ServingInstance:
    """The same requests, faster or slower, so that their `load` is the wanted one; gaps after calls stay as they are.

    Raises InstanceError where no rate makes it so.
    """
    now = load(instance, fleet)
    if not now:
        why = "all requests arrive at once" if now is None else "no prompt fits the engine's memory"
        raise InstanceError(f"{instance.name}: {why}, so their load cannot be set; leave --load away")
    arrival: Floats = instance.arrival * (now / wanted)
    if arrival[-1] > LARGEST_TIME:
        raise InstanceError(
            f"{instance.name}: at load {wanted:g} the last request would arrive after {arrival[-1]:.3g} seconds; "
            "limit 1e9"
        )
    return replace(instance, arrival=arrival)


def _requests(instance: ServingInstance, chosen: Ints) -> Requests:
    """What `capacity` needs to know of these requests; each has a text of its own, found in the cache by then."""
    zeros = np.zeros(len(chosen), dtype=np.int64)
    return Requests(
        workload=CHAT,  # not read: nothing is drawn
        arrival=instance.arrival[chosen],
        prompt=instance.prompt[chosen],
        output=instance.output[chosen],
        client=zeros,
        program=zeros,
        level=zeros,
        after=zeros - 1,
        gap=np.zeros(len(chosen)),
        root=np.arange(len(chosen)),
        root_tokens=_known(instance)[chosen] * instance.engine.block_size,
    )


def _known(instance: ServingInstance) -> Ints:
    """How many of the first blocks of each prompt an earlier request has had."""
    owner = np.repeat(np.arange(instance.size), np.diff(instance.prefix_offsets))
    first = np.full(instance.distinct_blocks, instance.size, dtype=np.int64)
    np.minimum.at(first, instance.prefix_blocks, owner)
    seen = first[instance.prefix_blocks] < owner
    return np.bincount(owner[seen], minlength=instance.size).astype(np.int64)
