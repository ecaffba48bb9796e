"""What one step of the offline search costs, and its parts.

    python benchmarks/offline.py [SEED]

All times are CPU time of this process in one run; ratios compare work on the same expressions and instances. Losses of
interpreted and compiled expressions are checked to be equal.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.expressions.interpreter import encode, interpreter
from heuresis.evaluators.language.expressions.printer import from_source, to_source
from heuresis.evaluators.language.expressions.tree import Expr, constants, lifted
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.evolve.genetic import breed
from heuresis.evolve.genetic.operators import vary
from heuresis.evolve.genetic.trees import Grammar
from heuresis.problems.tardiness.problem import PROBLEM


class Clock:
    """CPU seconds and calls by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    def around(self, name: str, function: Callable[..., object]) -> Callable[..., object]:
        """The function, measured."""

        def measured(*args: object) -> object:
            start = time.process_time()
            try:
                return function(*args)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start
                self.calls[name] = self.calls.get(name, 0) + 1

        return measured


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def least(work: Callable[[], object], repetitions: int = 5) -> float:
    """The least CPU seconds of several calls."""
    return min(spent(work) for _ in range(repetitions))


def expressions(rng: np.random.Generator) -> dict[str, Expr]:
    """Baselines, and expressions as a search makes them after some steps."""
    known = {b.name: tree for b in PROBLEM.baselines if (tree := from_source(b.source, CONTRACT)) is not None}
    chosen = {name: known[name] for name in ("mdd", "atc", "mddc")}
    grammar, tree = Grammar(CONTRACT, max_size=120), known["mdd"]
    while tree.size < 60:
        made = vary(grammar, [tree, *known.values()], rng)
        tree = made[1] if made is not None and made[1].size > tree.size else tree
    return {**chosen, "bred": tree}


def one_expression(name: str, tree: Expr, simulator: Dispatch) -> None:
    """Print what judging one expression costs, interpreted and compiled."""
    everything, judge = np.arange(simulator.size), interpreter(CONTRACT)
    source = to_source(lifted(tree), CONTRACT)
    programs: list[Program] = []
    compiling = spent(lambda: programs.append(compile_program(source, CONTRACT)))
    theta, code, program = constants(tree), encode(tree, CONTRACT), programs[0]
    if simulator.loss(judge, code, everything) != simulator.loss(program, theta, everything):
        raise RuntimeError(f"{name}: interpreted and compiled losses differ")
    slow = least(lambda: simulator.loss(judge, code, everything)) / simulator.size
    fast = least(lambda: simulator.loss(program, theta, everything)) / simulator.size
    worth = compiling / (slow - fast) if slow > fast else np.inf
    print(
        f"{name} ({tree.size} nodes): {1e6 * slow:.0f} us a schedule interpreted, {1e6 * fast:.0f} compiled "
        f"(ratio {slow / fast:.1f}), {compiling:.2f} s to compile, worth it from {worth:.0f} schedules"
    )


def one_step(name: str, parents: list[Expr], simulator: Dispatch, seed: int) -> None:
    """Print what one step of breeding costs, and how that divides."""
    clock = Clock()
    breeder = breed.Breeder(simulator, breed.Effort(), np.random.default_rng(seed))
    with ExitStack() as patched:
        for place, method, part in (
            (breed, "compile_tree", "compile"),
            (breed, "vary", "vary"),
            (breeder, "probe", "probe"),
            (breeder, "informative", "look where it loses"),
            (breeder, "tuned", "compile and tune"),
        ):
            measured = clock.around(part, getattr(place, method))
            patched.enter_context(patch.object(place, method, measured))
        total = spent(lambda: breeder.breed(parents))
    clock.seconds["tune"] = clock.seconds.pop("compile and tune") - clock.seconds["compile"]
    clock.calls["tune"] = clock.calls.pop("compile and tune")
    parts = ", ".join(
        f"{part} {seconds:.2f} s ({100 * seconds / total:.0f} %, {clock.calls[part]} calls)"
        for part, seconds in sorted(clock.seconds.items(), key=lambda item: -item[1])
    )
    print(f"a step from {name}: {total:.2f} s, {breeder.work} schedules, {breeder.work / total:.0f} a second; {parts}")


def main(seed: int) -> None:
    """Print everything."""
    instances = PROBLEM.splits["search"]().instances
    simulator = Dispatch(PROBLEM.scoring.pack(instances))
    simulator.warm()
    warming = spent(lambda: interpreter(CONTRACT))
    compile_program(to_source(Expr("p"), CONTRACT), CONTRACT)  # what Numba loads lazily
    print(f"{len(instances)} instances of {simulator.offsets[-1]} jobs; interpreter ready in {warming:.2f} s")
    trees = expressions(np.random.default_rng(seed))
    for name, tree in trees.items():
        one_expression(name, tree, simulator)
    donors = list(trees.values())
    for name in ("mdd", "bred"):
        one_step(name, [trees[name], *donors], simulator, seed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
