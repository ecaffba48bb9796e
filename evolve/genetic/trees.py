"""Random expressions under a contract, typed by its units.

Only times are added to times and numbers multiply (`language.contract.Unit`). A bare constant counts as a
number also where it stands for a time: units guide the search, they do not bind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.language.contract import Contract, Kind, Unit
from heuresis.evaluators.language.expressions.indices import readable
from heuresis.evaluators.language.expressions.intervals import is_total
from heuresis.evaluators.language.expressions.simplify import simplify
from heuresis.evaluators.language.expressions.tree import Expr, array_of, const
from heuresis.evolve.genetic.reads import Rng, random_read

_FOLDED = {Unit.COUNT: Unit.ONE, Unit.SIZE: Unit.TIME}

READS = 0.15
"""How many of the random numbers are read from an array, where there is one."""

_SUM = {
    ("+", Unit.DATE, Unit.TIME): Unit.DATE,
    ("+", Unit.TIME, Unit.DATE): Unit.DATE,
    ("-", Unit.DATE, Unit.TIME): Unit.DATE,
    ("-", Unit.DATE, Unit.DATE): Unit.TIME,
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the offline proposer may write under one contract. `max_size` and `max_depth` count nodes.

    Without `arrays` nothing that is written reads one.
    """

    contract: Contract
    max_size: int = 80
    max_depth: int = 14
    arrays: bool = True

    @property
    def whole(self) -> bool:
        """Whether the items that are compared differ by whole numbers only."""
        kinds = {p.kind for p in self.contract.main.parameters if p.varies}
        return kinds == {Kind.INT64}

    @property
    def reads(self) -> bool:
        """Whether there are arrays that expressions may read."""
        return self.arrays and bool(readable(self.contract.main))

    @property
    def units(self) -> Mapping[str, Unit]:
        """The unit of every parameter that is a number; counts are plain numbers here, and sizes lengths as times are.

        No contract has both sizes and times, which this would mix up.
        """
        return {p.name: _FOLDED.get(p.unit, p.unit) for p in self.contract.main.scalars}

    def leaves(self, unit: Unit) -> list[Expr]:
        """The parameters of a unit."""
        return [Expr(name) for name, u in self.units.items() if u is unit]

    def positive(self, unit: Unit) -> list[Expr]:
        """The parameters of a unit that are never zero, by which one may divide."""
        lows = {p.name: p.low for p in self.contract.main.scalars}
        return [leaf for leaf in self.leaves(unit) if lows[leaf.op] > 0]

    def fits(self, tree: Expr) -> bool:
        """Whether the tree is within the size limits and finite for every admissible input."""
        return tree.size <= self.max_size and tree.depth <= self.max_depth and is_total(tree, self.contract)


def unit_of(tree: Expr, units: Mapping[str, Unit]) -> Unit:
    """The unit of an expression; mixtures that no rule covers count as plain numbers."""
    if tree.op in ("const", "whole") or array_of(tree) is not None:
        return Unit.ONE
    if not tree.args:
        return units[tree.op]
    kinds = [unit_of(a, units) for a in tree.args]
    if tree.op in ("min", "max", "+", "-"):
        if (tree.op, *kinds) in _SUM:
            return _SUM[(tree.op, kinds[0], kinds[1])]
        known = [k for a, k in zip(tree.args, kinds, strict=True) if a.op not in ("const", "whole")]
        return known[0] if known else Unit.ONE
    if tree.op in ("neg", "abs"):
        return kinds[0]
    if tree.op == "if_less":
        return kinds[2]
    if tree.op == "*":
        return Unit.TIME if Unit.TIME in kinds else kinds[0] if kinds[1] is Unit.ONE else kinds[1]
    if tree.op == "/":
        return kinds[0] if kinds[1] is Unit.ONE else Unit.ONE
    return Unit.ONE


def pick(rng: Rng, items: Sequence[Expr]) -> Expr:
    """One of the items."""
    return items[int(rng.integers(len(items)))]


def random_constant(rng: Rng) -> Expr:
    """A constant of random sign, log-normal around 1."""
    value = float(np.exp(rng.normal(0.0, 1.0)))
    return const(-value if rng.random() < 0.3 else value)


def random_positive(rng: Rng) -> Expr:
    """A positive constant, log-normal around a tenth."""
    return const(float(np.exp(rng.normal(-2.3, 1.5))))


def small_constant(rng: Rng, mean: float = -3.0) -> Expr:
    """A constant for a new term: of either sign, its size anywhere between a thousandth and one.

    What a term is worth beside the rest of a rule depends on its scale, which nobody knows beforehand. `mean` is that
    of the logarithm.
    """
    value = float(np.exp(rng.normal(mean, 1.5)))
    return const(-value if rng.random() < 0.5 else value)


def random_tree(grammar: Grammar, unit: Unit, depth: int, rng: Rng) -> Expr:
    """A random expression of a unit, at most `depth` levels deep (a few more where a unit has no leaf)."""
    if unit is Unit.ONE:
        return random_number(grammar, depth, rng)
    leaves = grammar.leaves(unit)
    if unit is Unit.DATE and not leaves:
        unit, leaves = Unit.TIME, grammar.leaves(Unit.TIME)
    if not leaves:
        return random_number(grammar, depth, rng)
    if depth <= 1 or rng.random() < 0.15:
        if unit is Unit.TIME and len(dates := grammar.leaves(Unit.DATE)) > 1 and rng.random() < 0.5:
            first, second = rng.permutation(len(dates))[:2]
            return Expr("-", (dates[int(first)], dates[int(second)]))
        return pick(rng, leaves)

    def sub(of: Unit) -> Expr:
        return random_tree(grammar, of, depth - 1, rng)

    choice = rng.random()
    if choice < 0.4:
        op = "+" if unit is Unit.DATE or rng.random() < 0.5 else "-"
        return Expr(op, (sub(unit), sub(Unit.TIME)))
    if choice < 0.65:
        return Expr("max" if rng.random() < 0.6 else "min", (sub(unit), sub(unit)))
    if choice < 0.9 and unit is Unit.TIME:
        return Expr("*", (sub(Unit.ONE), sub(Unit.TIME)))
    if choice < 0.95:
        return Expr("if_less", (sub(unit), sub(unit), sub(unit), sub(unit)))
    if unit is Unit.TIME:
        return Expr("max", (const(0.0), sub(Unit.TIME)))
    return Expr("+", (sub(Unit.DATE), Expr("*", (random_constant(rng), sub(Unit.TIME)))))


def random_number(grammar: Grammar, depth: int, rng: Rng) -> Expr:
    """A random expression without a unit."""
    if grammar.reads and rng.random() < READS:
        return random_read(grammar.contract.main, rng)
    times, positive = grammar.leaves(Unit.TIME), grammar.positive(Unit.TIME)
    numbers = grammar.leaves(Unit.ONE)
    if depth <= 1:
        if numbers and rng.random() < (0.15 if times else 0.7):
            return pick(rng, numbers)
        if times and positive and rng.random() < 0.5:
            return Expr("/", (pick(rng, times), pick(rng, positive)))
        return random_constant(rng)
    choice = rng.random()

    def sub() -> Expr:
        return random_number(grammar, depth - 1, rng)

    if choice < 0.25 and numbers and not times:  # a number that may be 0 divides when something is added to it
        return Expr("/", (sub(), Expr("+", (pick(rng, numbers), random_positive(rng)))))
    if choice < 0.45 and positive:
        return Expr("/", (random_tree(grammar, Unit.TIME, depth - 1, rng), pick(rng, positive)))
    if choice < 0.7:
        return Expr(("+", "-", "*", "min", "max")[int(rng.integers(5))], (sub(), sub()))
    if choice < 0.8:
        return Expr("math.exp", (Expr("neg", (Expr("max", (const(0.0), sub())),)),))
    if choice < 0.87:
        return Expr("math.sqrt", (Expr("abs", (sub(),)),))
    if choice < 0.94:
        return Expr("math.tanh", (sub(),))
    return random_constant(rng)


def random_ratio(grammar: Grammar, rng: Rng) -> Expr:
    """A number that does not change when all times are measured in another unit: time / time, or a bare number."""
    numbers, positive = grammar.leaves(Unit.ONE), grammar.positive(Unit.TIME)
    if not positive or (numbers and rng.random() < 0.1):
        return (
            Expr("math.sqrt", (pick(rng, numbers),))
            if numbers and rng.random() < 0.5
            else random_number(grammar, 1, rng)
        )
    top = random_tree(grammar, Unit.TIME, 1 if rng.random() < 0.6 else 2, rng)
    return Expr("/", (top, pick(rng, positive)))


def random_hinge(grammar: Grammar, rng: Rng) -> Expr:
    """`max(0, c0 + c1·r1 + c2·r2 + …)` over two to four random ratios r: flat on one side, linear on the other."""
    inner: Expr = const(float(rng.normal(0.0, 1.0)))
    for _ in range(int(rng.integers(2, 5))):
        inner = Expr("+", (inner, Expr("*", (const(float(rng.normal(0.0, 1.0))), random_ratio(grammar, rng)))))
    return Expr("max", (const(0.0), inner))


def random_program(grammar: Grammar, rng: Rng, attempts: int = 200) -> Expr:
    """A random tree that fits the grammar and distinguishes items, where there are any. Raises ValueError for none."""
    varying = {p.name for p in grammar.contract.main.parameters if p.varies}
    units = [u for u in (Unit.DATE, Unit.TIME, Unit.ONE) if u is Unit.ONE or grammar.leaves(u)]
    for _ in range(attempts):
        tree = simplify(random_tree(grammar, units[int(rng.integers(len(units)))], int(rng.integers(2, 6)), rng))
        if (not varying or any(n.op in varying for n in tree.walk())) and grammar.fits(tree):
            return tree
    raise ValueError(f"no admissible random tree in {attempts} attempts; can the parameters make a finite value?")
