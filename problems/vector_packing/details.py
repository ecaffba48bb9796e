"""What a file may say of requests and nodes beside their amounts, and the instance that is made of all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.vector_packing.instances import MOST_MODELS, VectorInstance


@dataclass(frozen=True, slots=True)
class Details:
    """Nothing leaves, GPUs are one divisible sum and every node will do, where nothing else is said."""

    until: Ints | None = None
    device: int = 0
    models: Sequence[str] | None = None  # of each node or type
    allowed: Sequence[Sequence[str]] | None = None  # of each request the models that it may go to; none: all


NOTHING = Details()


def leaves_before(arrivals: Ints, departures: Ints) -> Ints:
    """Of each request the number of the first one that comes when it has left, or how many there are.

    `arrivals` ascend. At equal times a request leaves before another comes; one that leaves when it comes itself, or
    earlier, leaves before the next one.
    """
    first: Ints = np.searchsorted(arrivals, departures, side="left").astype(np.int64)
    return np.maximum(first, np.arange(1, len(arrivals) + 1))


def made(
    name: str,
    requests: Ints,
    nodes: Ints,
    labels: Mapping[str, str | int | float],
    where: str,
    details: Details = NOTHING,
    *,
    opens: bool,
) -> VectorInstance:
    """An instance on node types or on a fleet of these nodes. Raises InstanceError that says where it stands."""
    try:
        models, allowed = _numbered(details)
        fleet = None
        if not opens:
            column = np.zeros(len(nodes), dtype=np.int64) if models is None else models
            rows, numbers = np.unique(np.column_stack([nodes, column]), axis=0, return_inverse=True)
            nodes, fleet = np.ascontiguousarray(rows[:, :3]), numbers.astype(np.int64).reshape(-1)
            models = None if models is None else np.ascontiguousarray(rows[:, 3])
        return VectorInstance(name, requests, nodes, fleet, labels, details.until, details.device, models, allowed)
    except InstanceError as error:
        raise InstanceError(f"{where}: {error}") from error


def _numbered(details: Details) -> tuple[Ints | None, Ints | None]:
    """Models as numbers and what requests allow as bits; nothing where every request allows all."""
    if details.models is None or details.allowed is None or not any(details.allowed):
        return None, None
    known = {name: number for number, name in enumerate(sorted(set(details.models)))}
    if len(known) > MOST_MODELS:
        raise InstanceError(f"expected at most {MOST_MODELS} models of nodes, got {len(known)}")
    bits = [sum(1 << known[name] for name in set(names) & set(known)) if names else -1 for names in details.allowed]
    return np.array([known[name] for name in details.models], dtype=np.int64), np.array(bits, dtype=np.int64)
