"""What the tests of expressions share: random trees, admissible inputs, and a second way to compute a value."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiny_problem import TINY

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evaluators.language.expressions.printer import from_source
from heuresis.evaluators.language.expressions.tree import Expr
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.evolve.genetic.operators import vary
from heuresis.evolve.genetic.trees import Grammar, random_program, random_tree

GRAMMAR = Grammar(CONTRACT)
NAMES = [p.name for p in CONTRACT.main.parameters]
HEAD = CONTRACT.main.signature + ":\n    return "
NO_CONSTANTS = np.zeros(0)
BASELINES = {b.name: tree for b in TINY.baselines if (tree := from_source(b.source, CONTRACT)) is not None}

_RATIOS = Contract(
    (
        Function(
            "share",
            (
                Parameter("load", Unit.ONE, "load of a machine, a fraction", varies=True, low=0.0),
                Parameter("speed", Unit.ONE, "speed of a machine, relative", varies=True, low=0.1),
                Parameter("waiting", Unit.COUNT, "jobs that wait", varies=False, low=0.0),
            ),
            "smaller is chosen",
        ),
    )
)
_LENGTHS = Contract(
    (
        Function(
            "fit",
            (
                Parameter("item", Unit.TIME, "length of the item", varies=False, low=1.0),
                Parameter("room", Unit.TIME, "room that is left", varies=True, low=0.0),
            ),
            "smaller is chosen",
        ),
    )
)
CONTRACTS: Mapping[str, Contract] = {"smtt": CONTRACT, "numbers only": _RATIOS, "no dates": _LENGTHS}


def bred(seed: int) -> Expr:
    """A tree as a search makes it: a random program or a baseline, varied some times."""
    rng = np.random.default_rng(seed)
    donors = list(BASELINES.values())
    tree = random_program(GRAMMAR, rng) if rng.random() < 0.5 else donors[int(rng.integers(len(donors)))]
    for _ in range(int(rng.integers(5))):
        made = vary(GRAMMAR, [tree, *donors], rng)
        tree = tree if made is None else made[1]
    return tree


def wild(seed: int) -> Expr:
    """A random tree, which may divide by zero or not distinguish items."""
    rng = np.random.default_rng(seed)
    units = (Unit.DATE, Unit.TIME, Unit.ONE)
    return random_tree(GRAMMAR, units[int(rng.integers(3))], int(rng.integers(1, 7)), rng)


seeds = st.integers(0, 2**32 - 1)
trees = seeds.map(bred)
any_trees = seeds.map(wild)


def admissible(contract: Contract, rows: int, seed: int) -> NDArray[np.float64]:
    """Inputs within a contract, one row each: low ends, ordinary and huge values in every mixture."""
    rng = np.random.default_rng(seed)
    lows = np.array([p.low for p in contract.main.parameters])
    ordinary = lows + rng.exponential(100.0, (rows, len(lows)))
    huge = lows + 10.0 ** rng.uniform(3.0, 9.0, ordinary.shape)
    draw = rng.random(ordinary.shape)
    return np.where(draw < 0.25, lows, np.where(draw < 0.75, ordinary, huge))


_UNARY: Mapping[str, Callable[[float], float]] = {
    "neg": lambda x: -x, "abs": abs, "math.sqrt": math.sqrt, "math.exp": math.exp, "math.log": math.log,
    "math.tanh": math.tanh, "math.log1p": math.log1p,
}  # fmt: skip
_BINARY: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "min": min, "max": max,
}  # fmt: skip


def value(tree: Expr, inputs: Mapping[str, float]) -> float:
    """The value of a tree in plain Python, straight from its definition."""
    if tree.op == "const":
        return tree.value
    if not tree.args:
        return inputs[tree.op]
    if tree.op == "if_less":
        a, b, c, d = tree.args
        return value(c if value(a, inputs) < value(b, inputs) else d, inputs)
    args = [value(a, inputs) for a in tree.args]
    return _UNARY[tree.op](*args) if len(args) == 1 else _BINARY[tree.op](*args)


def values(tree: Expr, rows: NDArray[np.float64], contract: Contract = CONTRACT) -> NDArray[np.float64]:
    """The values for many rows of inputs."""
    names = [p.name for p in contract.main.parameters]
    return np.array([value(tree, dict(zip(names, row, strict=True))) for row in rows.tolist()])


def columns(rows: NDArray[np.float64], contract: Contract = CONTRACT) -> list[object]:
    """Arguments of a first-class function: arrays where a parameter varies, the first row's value where it does not."""
    return [
        np.ascontiguousarray(rows[:, i]) if p.varies else float(rows[0, i])
        for i, p in enumerate(contract.main.parameters)
    ]


def tiny_simulator() -> Dispatch:
    """Twenty instances of eight jobs."""
    return Dispatch(TINY.scoring.pack(TINY.splits["search"]().instances))
