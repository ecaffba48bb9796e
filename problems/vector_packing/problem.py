"""Vector packing: requests for CPU, memory and GPU go to the nodes of a cluster, one after the other."""

import functools
from collections.abc import Callable

from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.problems.baselines import baselines
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.problems.registry import register
from heuresis.problems.scoring import Objective
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
from heuresis.problems.vector_packing.reader import read
from heuresis.problems.vector_packing.scoring import EXCESS, LOST, METRICS, VectorScoring

_STATEMENT = """\
Requests arrive in order; each asks for amounts of up to three resources (CPU, memory, GPU) and goes to a node where
every one of them fits into what is free. It stays there: nothing moves and nothing ends. What is still to come is not
known. For each node with room `score` is computed, and the request goes to the node of smallest score. Amounts are
shares of the largest capacity of that resource among the nodes. A node that runs out of one resource strands what it
has free of the others.
"""

STATEMENT = (
    _STATEMENT
    + """
Nodes are opened at will: beside the nodes that are open, one fresh node of each type is a candidate (`fresh` is 1).
Open as few nodes as possible.
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

    def shares(amounts, count):
        return [a / (count * s) if count * s else 0.0 for a, s in zip(amounts, scale)]

    for number, request in enumerate(requests, 1):
        asked = [a + b for a, b in zip(asked, request)]
        left = [sum(node[r] for node in free) for r in range(3)]
        same = [*shares(left, len(nodes)), *shares(asked, number)]
        there = [(i, free[i], nodes[i], 0.0) for i in range(len(nodes))]
        there += [(None, one, one, 1.0) for one in types]
        fitting = [one for one in there if all(a <= b for a, b in zip(request, one[1]))]
        values = [
            score(*shares(request, 1), *shares(room, 1), *shares(cap, 1), fresh, *same)
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


def _problem(
    name: str, title: str, statement: str, objective: Objective, splits: tuple[instances.Split, ...]
) -> Problem:
    """One of the two variants: they differ in what they search on, and read the same files."""
    return register(
        Problem(
            name=name,
            version=1,
            title=title,
            statement=statement,
            contract=CONTRACT,
            simulator="heuresis.evaluators.vector_packing.simulator:Placement",
            scoring=VectorScoring(),
            objective=objective,
            metrics=METRICS,
            splits={split.name: _split(split) for split in splits},
            baselines=_BASELINES,
            algorithms=algorithms(_BASELINES[0]),
            read=read,
            parts=cut,
            sources=SOURCES,
            standalone=STANDALONE,
        )
    )


PROBLEM = _problem("vector-packing", "Vector packing, nodes opened at will", STATEMENT, EXCESS, (SEARCH, SELECT, TEST))
PROBLEM_FLEET = _problem(
    "vector-packing-fleet",
    "Vector packing on a fixed fleet",
    STATEMENT_FLEET,
    LOST,
    (FLEET_SEARCH, FLEET_SELECT, FLEET_TEST),
)
