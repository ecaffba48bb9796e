"""Constants of a rule for the Alibaba pods: tuned on `search`, chosen on `select`, told on `test` and the whole list.

    OPENB_PODS=openb_pod_list_default.csv.gz python benchmarks/openb_tune.py --evaluations 200 --seed 1 > champion.py

The splits are those of `benchmarks/openb.py`. A climb: one to three constants are changed, and what is not worse is
kept. The program goes to standard output, what it reaches to standard error.
"""

import argparse
import sys

import numpy as np
import openb

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.literals import lift_literals, write_literals
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evaluators.vector_packing.simulator import Placement
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.problem import PROBLEM
from heuresis.sandbox.screen.screen import screen

FORM = (
    CONTRACT.main.signature
    + """:
    if fresh > 0.0:
        return 100.0 - cap_cpu - cap_mem - cap_gpu
    left_cpu = free_cpu - cpu
    left_mem = free_mem - mem
    idle = 1.01 * idle_after_cpu - 1.02 * idle_cpu + 0.11 * idle_after_mem - 0.12 * idle_mem
    room = 0.0013 * free_cpu + 0.0014 * free_mem + 0.0015 * left_cpu * left_mem
    room += 0.0016 * abs(left_cpu - left_mem) + 0.0017 * left_cpu * left_cpu + 0.0018 * idle_after_cpu * free_mem
    return idle + room
"""
)
FIXED = 2
"""The first constants, which say that nodes are opened last, stay as they are."""
KEPT = 12
"""How many of the best go to `select`."""


class Judge:
    """The nodes that a program needs on some instances."""

    def __init__(self, instances: tuple[VectorInstance, ...]) -> None:
        self._simulator, self._all = Placement(PROBLEM.scoring.pack(instances)), np.arange(len(instances))
        self._bound = sum(one.bound for one in instances)

    def nodes(self, program: Program, theta: Floats) -> int:
        """On all of them."""
        return round((1 + self._simulator.loss(program, theta, self._all)) * self._bound)


def varied(theta: Floats, rng: np.random.Generator) -> Floats:
    """With one to three constants changed, a little or much."""
    child = theta.copy()
    for _ in range(rng.integers(1, 4)):
        child[rng.integers(FIXED, len(theta))] += rng.normal() * 10 ** rng.uniform(-3.5, -0.3)
    return child


def climb(program: Program, theta: Floats, judge: Judge, evaluations: int, seed: int) -> list[tuple[int, Floats]]:
    """The constants that were kept, the best first."""
    rng = np.random.default_rng(seed)
    kept = [(judge.nodes(program, theta), theta)]
    for _ in range(evaluations):
        child = varied(kept[-1][1], rng)
        nodes = judge.nodes(program, child)
        if nodes <= kept[-1][0]:
            kept.append((nodes, child))
    return sorted(kept, key=lambda one: one[0])


def main() -> None:
    """Tune, choose and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    splits = {name: Judge(make().instances) for name, make in openb.SPLITS.items()}
    source = screen(FORM, CONTRACT.allow_list())
    lifted, theta = lift_literals(source)
    program = compile_program(lifted, CONTRACT)
    best = climb(program, theta, splits["search"], asked.evaluations, asked.seed)[:KEPT]
    _, theta = min(best, key=lambda one: splits["select"].nodes(program, one[1]))
    champion = write_literals(source, theta)
    written, none = compile_program(screen(champion, CONTRACT.allow_list()), CONTRACT), np.empty(0)
    told = {name: judge.nodes(written, none) for name, judge in splits.items()}
    told["whole list"] = Judge((openb.whole(),)).nodes(written, none)
    sys.stderr.write(", ".join(f"{name} {nodes}" for name, nodes in told.items()) + "\n")
    sys.stdout.write(champion + "\n")


if __name__ == "__main__":
    main()
