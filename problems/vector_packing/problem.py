"""Vector packing: requests for CPU, memory and GPU go to the nodes of a cluster, one after the other."""

import functools
from collections.abc import Callable
from dataclasses import replace

from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.problems.baselines import baselines
from heuresis.problems.problem import Choice, InstanceSet, Options, Problem
from heuresis.problems.registry import register
from heuresis.problems.vector_packing import instances
from heuresis.problems.vector_packing.algorithms import algorithms
from heuresis.problems.vector_packing.instances import (
    FLEET_SEARCH,
    FLEET_SELECT,
    FLEET_TEST,
    SEARCH,
    SELECT,
    TEST,
)
from heuresis.problems.vector_packing.parts import cut
from heuresis.problems.vector_packing.reader import read, read_fleet
from heuresis.problems.vector_packing.scoring import EXCESS, FILLED, LOST, METRICS, PEAK, VectorScoring

_STATEMENT = """\
Requests arrive in order; each asks for amounts of up to three resources (CPU, memory, GPU) and goes to a node where
every one of them fits into what is free. Nothing moves. Some instances say when requests leave; when that will be is
not known beforehand, nor what is still to come. For each node with room `score` is computed, and the request goes to
the node of smallest score. Amounts are shares of the largest capacity of that resource among the nodes. A node that
runs out of one resource strands what it has free of the others.
"""

STATEMENT = (
    _STATEMENT
    + """
Nodes are opened at will: beside the nodes that are open, one fresh node of each type is a candidate (`fresh` is 1).
A node that is empty again is given back. Have as few nodes as possible in use at one time.
"""
)

STATEMENT_FLEET = (
    _STATEMENT
    + """
The nodes are a fixed fleet of several types, and `fresh` is always 0. A request that fits no node is turned away. Place
as many requests as possible and strand little: small requests for CPU alone should not use up nodes with GPUs, and
large requests need nodes that are still empty.
"""
)

SOURCES = (
    "Panigrahy, Talwar, Uyeda and Wieder 2011, Heuristics for vector bin packing, Microsoft Research",
    "Martello and Toth 1990, lower bounds, doi:10.1016/0166-218X(90)90094-S",
    "Weng et al. 2023, Beware of Fragmentation: Scheduling GPU-Sharing Workloads with FGD, USENIX ATC'23",
    "Novikov et al. 2025, AlphaEvolve, arXiv 2506.13131",
    "Kubernetes, NodeResourcesFit scoring strategies, kubescheduler.config.k8s.io/v1",
)

_KUBERNETES = "Kubernetes, kubescheduler.config.k8s.io/v1, NodeResourcesFit"
_PANIGRAHY = "Panigrahy, Talwar, Uyeda and Wieder 2011"
_RULES = (
    ("first_fit", "first fit", "Garey, Graham, Johnson and Yao 1976, doi:10.1016/0097-3165(76)90001-7"),
    ("best_fit", "best fit by sum", "the rule of bin packing, on the sum over resources"),
    ("dot_product", "dot product", _PANIGRAHY),
    ("l2_norm", "L2 norm", _PANIGRAHY),
    ("most_allocated", "MostAllocated", _KUBERNETES),
    ("least_allocated", "LeastAllocated", _KUBERNETES),
    ("requested_to_capacity_ratio", "RequestedToCapacityRatio", _KUBERNETES),
    ("least_idle", "least idle at best", "a rule of this problem"),
    ("alpha_evolve", "AlphaEvolve's score", "Novikov et al. 2025, arXiv 2506.13131, figure 6"),
)

STANDALONE = '''\
def place(requests, nodes, types=()):
    """Place requests, lists of CPU, memory and GPU, one after the other on nodes where they fit.

    `nodes` are the capacities of the nodes that are there, `types` those of nodes that may be opened. Returned is the
    node of each request, None where it fits nowhere, and the capacities of all nodes, those opened last.
    """
    requests, nodes, types = ([list(row) for row in rows] for rows in (requests, nodes, types))
    for what, rows in (("requests", requests), ("nodes", nodes), ("types", types)):
        for number, row in enumerate(rows):
            right = [not isinstance(a, bool) and 0 <= a < float("inf") for a in row]
            if len(row) != 3 or not all(right) or not any(row):
                raise ValueError(f"{what}[{number}] must be three amounts of 0 or more, not all 0, got {row!r}")
    scale = [max((float(one[r]) for one in [*nodes, *types]), default=0.0) for r in range(3)]
    free, placed, asked = [list(node) for node in nodes], [], [0, 0, 0]
    seen, common, due = {}, [], 1  # how often each kind of request came, the commonest kinds, when to look for them

    def shares(amounts, count):
        return [a / (count * s) if count * s else 0.0 for a, s in zip(amounts, scale)]

    def idle(room, further, kinds):
        """The least of each resource that stays free after up to so many more requests of these kinds."""
        least = room
        for i in range(len(kinds) if further else 0):
            rest = [a - b for a, b in zip(room, kinds[i])]
            if min(rest) >= 0:
                least = [min(a, b) for a, b in zip(least, idle(rest, further - 1, kinds[i:]))]
        return least

    for number, request in enumerate(requests, 1):
        asked = [a + b for a, b in zip(asked, request)]
        seen[tuple(request)] = seen.get(tuple(request), 0) + 1
        if number == due:
            due = min(2 * number, number + 512)
            common = sorted(seen, key=lambda kind: -seen[kind])[:10]
        left = [sum(node[r] for node in free) for r in range(3)]
        same = [*shares(left, len(nodes)), *shares(asked, number)]
        there = [(i, free[i], nodes[i], 0.0) for i in range(len(nodes))]
        there += [(None, one, one, 1.0) for one in types]
        fitting = [one for one in there if all(a <= b for a, b in zip(request, one[1]))]
        values = [
            score(
                *shares(request, 1), *shares(room, 1), shares(room, 1)[2],
                *shares(idle(room, 3, common), 1),
                *shares(idle([a - b for a, b in zip(room, request)], 3, common), 1),
                *shares(cap, 1), fresh, *same,
            )
            for _, room, cap, fresh in fitting
        ]
        if any(value - value != 0.0 for value in values):
            raise ValueError("score returned NaN or an infinity")
        if not fitting:
            placed.append(None)
            continue
        node, _, cap, fresh = fitting[values.index(min(values))]
        if fresh:
            node = len(nodes)
            nodes.append(list(cap))
            free.append(list(cap))
        free[node] = [a - b for a, b in zip(free[node], request)]
        placed.append(node)
    return placed, nodes
'''


def _split(split: instances.Split) -> Callable[[], InstanceSet]:
    """A split, built at most once per process."""
    return functools.cache(lambda: instances.build(split))


_BASELINES = baselines("vector_packing", _RULES)


_COMMON = Problem(
    name="vector-packing",
    version=2,
    title="Vector packing, nodes opened at will",
    statement=STATEMENT,
    contract=CONTRACT,
    simulator="heuresis.evaluators.vector_packing.simulator:Placement",
    scoring=VectorScoring(),
    objective=EXCESS,
    metrics=METRICS,
    splits={split.name: _split(split) for split in (SEARCH, SELECT, TEST)},
    baselines=_BASELINES,
    algorithms=algorithms(_BASELINES[0]),
    read=functools.partial(read, gpus=True),
    parts=cut,
    sources=SOURCES,
    standalone=STANDALONE,
)


def configure(choice: Choice) -> Problem:
    """Nodes opened at will; by the objective `peak`, departures in lists of pods are replayed."""
    peak = choice.objective == PEAK.name
    return replace(
        _COMMON,
        objective=PEAK if peak else EXCESS,
        read=functools.partial(read, gpus=True, departures=peak),
        options=Options(objectives={one.name: one for one in (EXCESS, PEAK)}, configure=configure),
        choice=replace(choice, family=None, objective=PEAK.name if peak else None),
    )


PROBLEM = register(configure(Choice()))


def configure_fleet(choice: Choice) -> Problem:
    """On a fleet; by the objective `filled`, nobody leaves and the list of pods fills the cluster."""
    filled = choice.objective == FILLED.name
    return replace(
        _COMMON,
        name="vector-packing-fleet",
        title="Vector packing on a fixed fleet",
        statement=STATEMENT_FLEET,
        objective=FILLED if filled else LOST,
        scoring=VectorScoring(FILLED if filled else LOST),
        splits={split.name: _split(split) for split in (FLEET_SEARCH, FLEET_SELECT, FLEET_TEST)},
        read=functools.partial(read_fleet, departures=not filled),
        options=Options(objectives={one.name: one for one in (LOST, FILLED)}, configure=configure_fleet),
        choice=replace(choice, family=None, objective=FILLED.name if filled else None),
    )


PROBLEM_FLEET = register(configure_fleet(Choice()))
