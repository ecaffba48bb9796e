"""What the tests of expressions with arrays share: random trees under the contracts of bin packing, and inputs."""

import numpy as np
from hypothesis import strategies as st

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.indices import Form, written
from heuresis.evaluators.language.expressions.printer import format_constant, from_source
from heuresis.evaluators.language.expressions.tree import Expr, constants, read, share, with_constants
from heuresis.evolve.genetic.operators import vary
from heuresis.evolve.genetic.trees import Grammar, random_program
from heuresis.problems.bin_packing.levels.problem import PROBLEM, PROBLEM_N
from heuresis.problems.problem import Problem

PROBLEMS = {CONTRACT: PROBLEM, CONTRACT_N: PROBLEM_N}


def expressions(problem: Problem) -> dict[str, Expr]:
    """The baselines of a problem that are expressions."""
    made = {b.name: from_source(b.source, problem.contract) for b in problem.baselines}
    return {name: tree for name, tree in made.items() if tree is not None}


BASELINES = expressions(PROBLEM)


def weighted() -> Expr:
    """A sum of squares in which each level weighs by the items of exactly its size."""
    source = """
import math


def weight(level, seen):
    return 1.0 / math.sqrt(seen[level] + 1.0)


def score(item, rem, cap, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += weight(gap, seen) * (2 * counts[gap] + 1)
    if rem < cap:
        change -= weight(rem, seen) * (2 * counts[rem] - 1)
    return change
"""
    tree = from_source(source, CONTRACT)
    assert tree is not None
    return tree


WEIGHTED = weighted()


def index(form: Form, contract: Contract = CONTRACT) -> Expr:
    """An index as it is written."""
    return written(form, contract.main)


def bred(seed: int, contract: Contract = CONTRACT) -> Expr:
    """A tree with arrays as a search makes it, its constants as they are written."""
    rng = np.random.default_rng(seed)
    grammar, donors = Grammar(contract), list(expressions(PROBLEMS[contract]).values())
    tree = random_program(grammar, rng) if rng.random() < 0.3 else donors[int(rng.integers(len(donors)))]
    for _ in range(int(rng.integers(1, 5))):
        made = vary(grammar, [tree, *donors], rng)
        tree = tree if made is None else made[1]
    if rng.random() < 0.5:  # indices as far beyond the ends as they come
        form = {"rem": int(rng.integers(-2, 3)), "item": int(rng.integers(-2, 3)), "": int(rng.integers(-9, 10))}
        form = {name: k for name, k in form.items() if k}
        made_of = (read, share)[int(rng.integers(2))]
        tree = Expr("+", (tree, made_of(("counts", "seen")[int(rng.integers(2))], index(form, contract))))
    return with_constants(tree, [float(format_constant(x)) for x in constants(tree)])


trees = st.integers(0, 2**32 - 1).map(bred)


def situation(seed: int, contract: Contract = CONTRACT) -> tuple[dict[str, object], list[int]]:
    """What a rule may see at one decision, but for `rem`, and the values of `rem` that fit."""
    rng = np.random.default_rng(seed)
    cap = int(rng.integers(1, 14))
    item = int(rng.integers(1, cap + 1))
    rems = sorted({*rng.integers(item, cap + 1, 4).tolist(), cap})
    counts = rng.integers(0, 4, cap + 1) * rng.integers(0, 2)
    counts.setflags(write=False)
    seen = rng.integers(0, 5, cap + 1)
    seen[item] += 1
    n = int(rng.integers(1, 50))
    known = {"item": item, "cap": cap, "counts": counts, "seen": seen, "n": n, "left": int(rng.integers(1, n + 1))}
    return {p.name: known[p.name] for p in contract.main.parameters if p.name in known}, rems
