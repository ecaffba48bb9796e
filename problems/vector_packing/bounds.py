"""Lower bounds for packing requests over several resources: nodes needed at least, requests that cannot be placed.

Every weighting of the resources with integers w >= 0 turns an instance into bin packing in one dimension: a request
has size w·request, a bin holds the largest w·capacity of a node type. What holds there holds here. The bound is the
best over the single resources and, where there are several types, the weightings of the linear programme's dual.
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.bounds import l2

MOST_TYPES = 64
"""With more types than these, none of which has less of everything than another, only single resources are weighed."""

_AT_ONCE = 1 << 20
"""Pairs of requests and types that are compared at a time: all of them at once may not fit into memory."""

_LARGEST_SUM = 1 << 60  # of all sizes, so that they can be added up in int64


def nodes_needed(requests: Ints, types: Ints, until: Ints | None = None) -> int:
    """A lower bound of the nodes for `requests` (n × resources), each of one of the `types` (types × resources).

    Where requests leave (`until`), of the most nodes in use at one time. Raises ValueError where a request fits no
    type, because then there is no number of nodes.
    """
    if not np.all(fits(requests, types)):
        raise ValueError("a request fits no node type")
    return max(1, *(_by_weight(requests, types, w, until) for w in _weights(requests, types)))


def nodes_needed_so_far(requests: Ints, types: Ints, until: Ints | None = None) -> Ints:
    """After each request a lower bound of the nodes for those that are there, by their sums alone."""
    weights = [w for w in _weights(requests, types) if (types @ w).max() > 0]
    sums = [-(-in_use(requests @ w, until) // int((types @ w).max())) for w in weights]
    needed: Ints = np.maximum(np.max(sums, axis=0), 1)
    return needed


def in_use(amounts: Ints, until: Ints | None) -> Ints:
    """After each request the sum of the amounts of those that are there."""
    total: Ints = np.cumsum(amounts)
    if until is None:
        return total
    gone = np.zeros(len(amounts) + 1, dtype=np.int64)
    np.add.at(gone, until, amounts)
    return total - np.cumsum(gone[:-1])


def _busiest(amounts: Ints, until: Ints | None) -> NDArray[np.bool_]:
    """Which requests are there when the sum of their amounts is largest."""
    if until is None:
        return np.ones(len(amounts), dtype=np.bool_)
    moment = int(np.argmax(in_use(amounts, until)))
    return (np.arange(len(amounts)) <= moment) & (until > moment)


def _weights(requests: Ints, types: Ints) -> list[Ints]:
    """Those of single resources, and the best ones of all together."""
    weights = [np.array(row, dtype=np.int64) for row in np.eye(requests.shape[1], dtype=np.int64)]
    dual = _dual(requests.sum(axis=0).astype(np.float64), types)
    return weights if dual is None else [*weights, _integers(dual, len(requests))]


def fits(requests: Ints, types: Ints, models: Ints | None = None, allowed: Ints | None = None) -> NDArray[np.bool_]:
    """Whether each request fits an empty node of one of the types, of a model that it allows."""
    step = max(1, _AT_ONCE // len(types))
    parts = []
    for low in range(0, len(requests), step):
        fitting = np.all(requests[low : low + step, None] <= types, axis=2)
        if models is not None and allowed is not None:
            fitting &= (allowed[low : low + step, None] >> models & 1) == 1
        parts.append(fitting.any(axis=1))
    return np.concatenate(parts)


def never_placed(requests: Ints, possible: NDArray[np.bool_], capacity: Ints, until: Ints | None = None) -> int:
    """A lower bound of the requests that cannot be placed on a fleet with so much of each resource in all.

    Those that fit no node (not `possible`), and of the others in each resource, when most is asked of it, all but the
    smallest ones that fit into all nodes together.
    """
    surplus = 0
    for resource in range(requests.shape[1]):
        amounts = np.where(possible, requests[:, resource], 0)
        there = requests[_busiest(amounts, until) & possible]
        smallest = np.cumsum(np.sort(there[:, resource]))
        surplus = max(surplus, len(there) - int(np.searchsorted(smallest, capacity[resource], side="right")))
    return int(np.count_nonzero(~possible)) + surplus


def _by_weight(requests: Ints, types: Ints, weight: Ints, until: Ints | None) -> int:
    capacity, amounts = int((types @ weight).max()), requests @ weight
    return l2(amounts[_busiest(amounts, until)], capacity) if capacity > 0 else 0


def _dual(demand: Floats, types: Ints) -> Floats | None:
    """The weights that maximise w·demand where w·capacity <= 1 for all types; None for a single type, or too many.

    A maximum lies at a corner, where as many of the constraints w·capacity <= 1 and w >= 0 are tight as there are
    weights. Rounding may miss the best corner, but any weights give a valid bound.
    """
    scale = types.max(axis=0).astype(np.float64)
    present = np.flatnonzero(scale > 0)
    count, largest = len(present), _undominated(types[:, present])
    if largest is None or len(largest) < 2 or count < 2:
        return None
    shares = largest / scale[present]
    rows = np.concatenate((shares, np.eye(count)))
    right = np.concatenate((np.ones(len(shares)), np.zeros(count)))
    chosen = np.array(list(itertools.combinations(range(len(rows)), count)))
    solvable = np.abs(np.linalg.det(rows[chosen])) > 1e-9
    corners = np.linalg.solve(rows[chosen[solvable]], right[chosen[solvable]][:, :, None])[:, :, 0]
    allowed = np.all(corners >= -1e-12, axis=1) & np.all(corners @ shares.T <= 1 + 1e-9, axis=1)
    corners = np.maximum(corners[allowed], 0.0)
    best = corners[np.argmax(corners @ (demand[present] / scale[present]))]
    weights = np.zeros(len(scale))
    weights[present] = best / scale[present]
    return weights


def _undominated(types: Ints) -> Ints | None:
    """The different types of which no other one has as much of everything, ascending; None where they are too many."""
    kept: list[Ints] = []
    left = np.unique(types, axis=0)
    while len(left):
        if len(kept) == MOST_TYPES:
            return None
        kept.append(left[-1])  # the last in this order is below none of the others
        left = left[np.any(left > left[-1], axis=1)]
    return np.array(kept[::-1])


def _integers(weights: Floats, count: int) -> Ints:
    """The weights as integers, so large that the sizes of `count` requests can just be added up."""
    return np.array([math.floor(w * (_LARGEST_SUM // (2 * count))) for w in weights], dtype=np.int64)
