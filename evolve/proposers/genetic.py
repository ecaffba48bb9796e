"""Typed genetic programming over a contract's expressions: random trees, mutations, crossover.

Every operator takes trees and a generator and returns a tree or None where it does not apply. Types follow the units
of the contract (`heuresis.evaluators.contract.Unit`): only times are added to times, numbers multiply. A bare constant
counts as a number also where it stands for a time, and a point mutation may exchange `*` for `/`: units guide the
search, they do not bind it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.contract import Contract, Unit
from heuresis.evaluators.expression import Expr, const
from heuresis.evaluators.intervals import is_total

Rng = np.random.Generator

_SUM = {
    ("+", Unit.DATE, Unit.TIME): Unit.DATE,
    ("+", Unit.TIME, Unit.DATE): Unit.DATE,
    ("-", Unit.DATE, Unit.TIME): Unit.DATE,
    ("-", Unit.DATE, Unit.DATE): Unit.TIME,
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the offline proposer may write under one contract. `max_size` and `max_depth` count nodes."""

    contract: Contract
    max_size: int = 80
    max_depth: int = 14

    @property
    def units(self) -> Mapping[str, Unit]:
        """The unit of every parameter; counts are plain numbers here."""
        return {p.name: Unit.ONE if p.unit is Unit.COUNT else p.unit for p in self.contract.main.parameters}

    def leaves(self, unit: Unit) -> list[Expr]:
        """The parameters of a unit."""
        return [Expr(name) for name, u in self.units.items() if u is unit]

    def positive(self, unit: Unit) -> list[Expr]:
        """The parameters of a unit that are never zero, by which one may divide."""
        lows = {p.name: p.low for p in self.contract.main.parameters}
        return [leaf for leaf in self.leaves(unit) if lows[leaf.op] > 0]

    def fits(self, tree: Expr) -> bool:
        """Whether the tree is within the size limits and finite for every admissible input."""
        return tree.size <= self.max_size and tree.depth <= self.max_depth and is_total(tree, self.contract)


def unit_of(tree: Expr, units: Mapping[str, Unit]) -> Unit:
    """The unit of an expression; mixtures that no rule covers count as plain numbers."""
    if tree.op == "const":
        return Unit.ONE
    if not tree.args:
        return units[tree.op]
    kinds = [unit_of(a, units) for a in tree.args]
    if tree.op in ("min", "max", "+", "-"):
        if (tree.op, *kinds) in _SUM:
            return _SUM[(tree.op, kinds[0], kinds[1])]
        known = [k for a, k in zip(tree.args, kinds, strict=True) if a.op != "const"]
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


# --- random trees ----------------------------------------------------------------------------------------------------


def _pick(rng: Rng, items: Sequence[Expr]) -> Expr:
    return items[int(rng.integers(len(items)))]


def random_constant(rng: Rng) -> Expr:
    """A constant of random sign, log-normal around 1."""
    value = float(np.exp(rng.normal(0.0, 1.0)))
    return const(-value if rng.random() < 0.3 else value)


def small_constant(rng: Rng) -> Expr:
    """A constant for a new term: of either sign, its size anywhere between a thousandth and one.

    What a term is worth beside the rest of a rule depends on its scale, which nobody knows beforehand.
    """
    value = float(np.exp(rng.normal(-3.0, 1.5)))
    return const(-value if rng.random() < 0.5 else value)


def random_tree(grammar: Grammar, unit: Unit, depth: int, rng: Rng) -> Expr:
    """A random expression of a unit, at most `depth` levels deep (a few more where a unit has no leaf)."""
    if unit is Unit.ONE:
        return _random_number(grammar, depth, rng)
    leaves = grammar.leaves(unit)
    if unit is Unit.DATE and not leaves:
        unit, leaves = Unit.TIME, grammar.leaves(Unit.TIME)
    if not leaves:
        return _random_number(grammar, depth, rng)
    if depth <= 1 or rng.random() < 0.15:
        if unit is Unit.TIME and len(dates := grammar.leaves(Unit.DATE)) > 1 and rng.random() < 0.5:
            first, second = rng.permutation(len(dates))[:2]
            return Expr("-", (dates[int(first)], dates[int(second)]))
        return _pick(rng, leaves)

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


def _random_number(grammar: Grammar, depth: int, rng: Rng) -> Expr:
    times, positive = grammar.leaves(Unit.TIME), grammar.positive(Unit.TIME)
    numbers = grammar.leaves(Unit.ONE)
    if depth <= 1:
        if numbers and rng.random() < 0.15:
            return _pick(rng, numbers)
        if times and positive and rng.random() < 0.5:
            return Expr("/", (_pick(rng, times), _pick(rng, positive)))
        return random_constant(rng)
    choice = rng.random()

    def sub() -> Expr:
        return _random_number(grammar, depth - 1, rng)

    if choice < 0.45 and positive:
        return Expr("/", (random_tree(grammar, Unit.TIME, depth - 1, rng), _pick(rng, positive)))
    if choice < 0.7:
        return Expr(("+", "-", "*", "min", "max")[int(rng.integers(5))], (sub(), sub()))
    if choice < 0.8:
        return Expr("math.exp", (Expr("neg", (Expr("max", (const(0.0), sub())),)),))
    if choice < 0.87:
        return Expr("math.sqrt", (Expr("abs", (sub(),)),))
    if choice < 0.94:
        return Expr("math.tanh", (sub(),))
    return random_constant(rng)


# --- variation -------------------------------------------------------------------------------------------------------


def _nodes(tree: Expr) -> list[Expr]:
    return list(tree.walk())


def subtree_mutation(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a random subtree by a random tree of its unit."""
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    return trees[0].replace(index, random_tree(grammar, unit, int(rng.integers(1, 4)), rng))


def crossover(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a random subtree by a subtree of the same unit from another tree."""
    if len(trees) < 2:
        return None
    donor = _nodes(trees[int(rng.integers(1, len(trees)))])
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    fitting = [n for n in donor if unit_of(n, grammar.units) is unit and n.op != "const"]
    return trees[0].replace(index, _pick(rng, fitting)) if fitting else None


def point_mutation(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Exchange one parameter for another of its unit, or one operator for another."""
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    node = nodes[index]
    if node.op == "const":
        return None
    if not node.args:
        return trees[0].replace(index, _pick(rng, grammar.leaves(grammar.units[node.op])))
    swaps = {"+": "-", "-": "+", "min": "max", "max": "min", "*": "/", "/": "*"}
    swaps |= {"math.tanh": "abs", "abs": "math.tanh"}
    if node.op not in swaps:
        return None
    return trees[0].replace(index, Expr(swaps[node.op], node.args))


def hoist(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a subtree by one of its own subtrees of the same unit: the tree shrinks."""
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    inner = [n for n in list(nodes[index].walk())[:-1] if unit_of(n, grammar.units) is unit]
    return trees[0].replace(index, _pick(rng, inner)) if inner else None


def add_term(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random expression to a subtree: a new degree of freedom near the old rule."""
    nodes = _nodes(trees[0])
    index = len(nodes) - 1 if rng.random() < 0.4 else int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    term = random_tree(grammar, Unit.ONE if unit is Unit.ONE else Unit.TIME, int(rng.integers(1, 4)), rng)
    return trees[0].replace(index, Expr("+", (nodes[index], Expr("*", (small_constant(rng), term)))))


def random_ratio(grammar: Grammar, rng: Rng) -> Expr:
    """A number that does not change when all times are measured in another unit: time / time, or a bare number."""
    numbers, positive = grammar.leaves(Unit.ONE), grammar.positive(Unit.TIME)
    if not positive or (numbers and rng.random() < 0.1):
        return (
            Expr("math.sqrt", (_pick(rng, numbers),))
            if numbers and rng.random() < 0.5
            else _random_number(grammar, 1, rng)
        )
    top = random_tree(grammar, Unit.TIME, 1 if rng.random() < 0.6 else 2, rng)
    return Expr("/", (top, _pick(rng, positive)))


def random_hinge(grammar: Grammar, rng: Rng) -> Expr:
    """`max(0, c0 + c1·r1 + c2·r2 + …)` over two to four random ratios r: flat on one side, linear on the other."""
    inner: Expr = const(float(rng.normal(0.0, 1.0)))
    for _ in range(int(rng.integers(2, 5))):
        inner = Expr("+", (inner, Expr("*", (const(float(rng.normal(0.0, 1.0))), random_ratio(grammar, rng)))))
    return Expr("max", (const(0.0), inner))


def add_hinge(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random hinge to the whole rule, in the rule's own unit."""
    tree = trees[0]
    term = Expr("*", (small_constant(rng), random_hinge(grammar, rng)))
    if unit_of(tree, grammar.units) is not Unit.ONE and (scales := grammar.positive(Unit.TIME)):
        term = Expr("*", (term, _pick(rng, scales)))
    return Expr("+", (tree, term))


def widen(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random ratio to a number inside the rule."""
    nodes = _nodes(trees[0])
    places = [i for i, n in enumerate(nodes) if unit_of(n, grammar.units) is Unit.ONE]
    if not places:
        return None
    index = places[int(rng.integers(len(places)))]
    term = Expr("*", (small_constant(rng), random_ratio(grammar, rng)))
    return trees[0].replace(index, Expr("+", (nodes[index], term)))


def weigh(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Multiply a subtree by a number close to one, to be tuned."""
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    if nodes[index].op == "const" or unit_of(nodes[index], grammar.units) is Unit.DATE:
        return None
    weight: Expr = const(float(np.exp(rng.normal(0.0, 0.2))))
    if rng.random() < 0.5:
        weight = Expr("+", (weight, Expr("*", (small_constant(rng), _random_number(grammar, 2, rng)))))
    return trees[0].replace(index, Expr("*", (weight, nodes[index])))


def perturb(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:  # noqa: ARG001 - an Operator
    """Change one constant by a log-normal factor."""
    nodes = _nodes(trees[0])
    places = [i for i, n in enumerate(nodes) if n.op == "const"]
    if not places:
        return None
    index = places[int(rng.integers(len(places)))]
    value = nodes[index].value
    new = value * float(np.exp(rng.normal(0.0, 0.5))) if value else float(rng.normal(0.0, 0.5))
    return trees[0].replace(index, const(new))


Operator = Callable[[Grammar, Sequence[Expr], Rng], Expr | None]
OPERATORS: tuple[tuple[str, Operator, float], ...] = (
    ("subtree", subtree_mutation, 0.12),
    ("crossover", crossover, 0.15),
    ("point", point_mutation, 0.06),
    ("hoist", hoist, 0.03),
    ("term", add_term, 0.17),
    ("hinge", add_hinge, 0.2),
    ("widen", widen, 0.1),
    ("weigh", weigh, 0.15),
    ("perturb", perturb, 0.02),
)
"""Name, operator and probability."""


def vary(grammar: Grammar, trees: Sequence[Expr], rng: Rng, attempts: int = 20) -> tuple[int, Expr] | None:
    """One offspring of `trees[0]` (the others are donors) that fits the grammar, with the number of its operator."""
    shares = np.array([share for _, _, share in OPERATORS])
    for _ in range(attempts):
        which = int(rng.choice(len(OPERATORS), p=shares / shares.sum()))
        child = OPERATORS[which][1](grammar, trees, rng)
        if child is not None and child != trees[0]:
            child = simplify(child)
            if grammar.fits(child) and child != trees[0]:
                return which, child
    return None


def random_program(grammar: Grammar, rng: Rng, attempts: int = 200) -> Expr:
    """A random tree that distinguishes items and fits the grammar. Raises ValueError where none is found."""
    varying = {p.name for p in grammar.contract.main.parameters if p.varies}
    units = [u for u in (Unit.DATE, Unit.TIME, Unit.ONE) if u is Unit.ONE or grammar.leaves(u)]
    for _ in range(attempts):
        tree = simplify(random_tree(grammar, units[int(rng.integers(len(units)))], int(rng.integers(2, 6)), rng))
        if any(n.op in varying for n in tree.walk()) and grammar.fits(tree):
            return tree
    raise ValueError(f"no admissible random tree in {attempts} attempts; is a varying parameter in the contract?")


def prunings(tree: Expr) -> Iterator[Expr]:
    """Every tree that results from replacing one node by one of its own operands, largest savings first."""
    nodes = _nodes(tree)
    cuts = [(node.size - argument.size, i, argument) for i, node in enumerate(nodes) for argument in node.args]
    for _, index, argument in sorted(cuts, key=lambda cut: (-cut[0], cut[1])):
        yield simplify(tree.replace(index, argument))


# --- simplification --------------------------------------------------------------------------------------------------


def simplify(tree: Expr) -> Expr:
    """Fold constants and drop neutral operations (x·1, x+0, x−x, x/x, max(x, x), 0·x)."""
    if not tree.args:
        return tree
    args = tuple(simplify(a) for a in tree.args)
    if tree.op in _FOLD and all(a.op == "const" for a in args):
        value = float(_FOLD[tree.op](*(a.value for a in args)))
        if np.isfinite(value):
            return const(value)
    if tree.op == "if_less":
        return args[3] if args[0] == args[1] or args[2] == args[3] else Expr(tree.op, args)
    if len(args) == 1:
        return _simplify_unary(tree.op, args[0])
    return _simplify_binary(tree.op, args[0], args[1])


def _simplify_unary(op: str, a: Expr) -> Expr:
    if op == "neg" and a.op == "neg":
        return a.args[0]
    return a if op == "abs" and a.op == "abs" else Expr(op, (a,))


def _simplify_binary(op: str, a: Expr, b: Expr) -> Expr:
    zero, one = const(0.0), const(1.0)
    if a == b and op in _OF_EQUALS:
        return _OF_EQUALS[op] or a
    if (op == "*" and zero in (a, b)) or (op == "/" and a == zero):
        return zero
    if (op in ("*", "/") and b == one) or (op in ("+", "-") and b == zero):
        return a
    if (op == "*" and a == one) or (op == "+" and a == zero):
        return b
    return Expr(op, (a, b))


_OF_EQUALS: Mapping[str, Expr | None] = {"min": None, "max": None, "-": const(0.0), "/": const(1.0)}
"""What an operation makes of two equal operands; None: the operand itself. (Divisors are never zero.)"""

_FOLD: Mapping[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "min": min,
    "max": max,
    "neg": lambda a: -a,
    "abs": abs,
    "math.tanh": math.tanh,
    "math.exp": lambda a: math.exp(min(a, 700.0)),
}
