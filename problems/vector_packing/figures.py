"""What a placement on the nodes of a cluster looks like: nodes or requests lost over time, and how full nodes are."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED
from heuresis.problems.figures import Curve, Figure, cumulative, thinned
from heuresis.problems.vector_packing.bounds import in_use, nodes_needed_so_far
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.placing import Placed

_NAMES = ("CPU", "memory", "GPU")


def figures(instance: VectorInstance, ends: Mapping[str, Placed]) -> Sequence[Figure]:
    """Of placements by the name of who made them.

    Where nodes are opened at will: how many too many over the requests, and how much of each resource is in use at the
    end. On a fleet: the requests turned away, and how much of each resource is in use, over the requests. Of both: how
    full the nodes are at the end, in the resource of which each has least left.
    """
    chosen = {name: end.chosen for name, end in ends.items()}
    present = np.flatnonzero(instance.types.any(axis=0)).tolist()
    if instance.opens:
        drawn = [_nodes(instance, ends), *(_left_in_nodes(instance, ends, r) for r in present)]
    else:
        drawn = [_turned_away(chosen), *(_in_use(instance, chosen, r) for r in present)]
    fullest = [cumulative(name, 100.0 * _used(instance, end).max(axis=1)) for name, end in ends.items()]
    title = "At the end: nodes of which at most so much is in use, of the resource that is scarcest there"
    return [*drawn, Figure(title, "% in use", "share of nodes", fullest)]


def _nodes(instance: VectorInstance, ends: Mapping[str, Placed]) -> Figure:
    """Nodes in use beyond a lower bound."""
    needed = nodes_needed_so_far(instance.requests, instance.types, instance.until)
    curves = [_over_requests(name, end.busy - needed) for name, end in ends.items()]
    told = "requests so far" if instance.until is None else "requests that are there"
    return Figure(f"Nodes opened beyond the lower bound of the {told}", "requests", "nodes too many", curves)


def _turned_away(chosen: Mapping[str, Ints]) -> Figure:
    curves = [_over_requests(name, np.cumsum(made == NOT_PLACED)) for name, made in chosen.items()]
    return Figure("Requests turned away", "requests", "turned away", curves)


def _left_in_nodes(instance: VectorInstance, ends: Mapping[str, Placed], r: int) -> Figure:
    """Over the nodes, how much of a resource is in use at the end; nodes that have none of it are left out."""
    curves = [
        cumulative(name, 100.0 * _used(instance, end)[instance.types[end.kinds, r] > 0, r])
        for name, end in ends.items()
    ]
    return Figure(
        f"At the end: nodes of which at most so much {_NAMES[r]} is in use", "% in use", "share of nodes", curves
    )


def _in_use(instance: VectorInstance, chosen: Mapping[str, Ints], r: int) -> Figure:
    """Over the requests, how much of a resource of a fleet is in use."""
    capacity = int(instance.types[instance.fleet, r].sum())
    taken = {name: np.where(made == NOT_PLACED, 0, instance.requests[:, r]) for name, made in chosen.items()}
    curves = [
        _over_requests(name, 100.0 * in_use(amounts, instance.until) / capacity) for name, amounts in taken.items()
    ]
    return Figure(f"In use of the fleet: {_NAMES[r]}", "requests", "% in use", curves)


def _used(instance: VectorInstance, end: Placed) -> Floats:
    """The share in use of each resource of each node, 0 where it has none (nodes × 3)."""
    capacity = instance.types[end.kinds]
    shares: Floats = np.where(capacity > 0, 1.0 - end.free / np.maximum(capacity, 1), 0.0)
    return shares


def _over_requests(name: str, values: NDArray[np.generic]) -> Curve:
    """A value after each request, thinned."""
    rows = thinned(np.stack([np.arange(1, len(values) + 1), values], axis=1).astype(np.float64))
    return Curve(name, rows[:, 0], rows[:, 1], steps=True)
