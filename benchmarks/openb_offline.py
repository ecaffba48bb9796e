"""How few nodes the Alibaba pods need if all are known beforehand: node after node, each as full as can be.

    python benchmarks/openb_offline.py openb_pod_list_default.csv.gz

Minimum bin slack (Gupta and Ho 1999, A new heuristic algorithm for the one-dimensional bin-packing problem): a node
gets the largest pod left, and of the others a set that leaves least CPU free, by depth-first search of so many steps.
"""

import sys
from pathlib import Path

import numba
import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.vector_packing.reader import read

STEPS = 200_000


@numba.njit
def fill(sizes: Ints, left: Ints, i: int, free: Ints, used: Ints, best: Ints, state: Ints) -> None:
    """Try kinds from `i` on; keep in `best` what leaves least CPU. `state`: that least, and the steps left."""
    if free[0] < state[0]:
        state[0] = free[0]
        best[:] = used
    state[1] -= 1
    for j in range(i, len(sizes)):
        if state[0] == 0 or state[1] <= 0:
            return
        if left[j] > used[j] and np.all(sizes[j] <= free):
            used[j] += 1
            fill(sizes, left, j, free - sizes[j], used, best, state)
            used[j] -= 1


@numba.njit
def nodes_needed(sizes: Ints, counts: Ints, capacity: Ints, steps: int) -> int:
    """Nodes for so many requests of each size, largest first."""
    left, nodes = counts.copy(), 0
    while left.sum() > 0:
        first = np.argmax(left > 0)
        used, best = np.zeros_like(left), np.zeros_like(left)
        used[first] = 1
        fill(sizes, left, first, capacity - sizes[first], used, best, np.array([capacity[0] + 1, steps]))
        left -= best
        nodes += 1
    return nodes


def main(path: Path) -> None:
    """Print the nodes and the lower bound."""
    (one,) = read([path]).instances
    sizes, counts = np.unique(one.requests, axis=0, return_counts=True)
    order = np.argsort(-(sizes / np.maximum(one.types[0], 1)).sum(axis=1), kind="stable")
    found = nodes_needed(sizes[order], counts[order].astype(np.int64), one.types[0].copy(), STEPS)
    print(f"{one.size} pods on {found} nodes; at least {one.bound} are needed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
