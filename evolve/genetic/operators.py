"""The operators of typed genetic programming: mutations and crossover of expressions, and what can be cut away.

Every operator takes trees and a generator and returns a tree, or None where it does not apply. What is added has the
unit of the place where it is added (`trees.py`); a point mutation may exchange `*` for `/`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.contract import Unit
from heuresis.evaluators.language.expressions.simplify import simplify
from heuresis.evaluators.language.expressions.tree import Expr, array_of, const, outside
from heuresis.evolve.genetic.alike import scale_term, vary_alike
from heuresis.evolve.genetic.arrays import (
    add_bump,
    add_pair,
    add_read,
    move_index,
    new_constant,
    scales,
    weigh_read,
)
from heuresis.evolve.genetic.reads import Rng
from heuresis.evolve.genetic.trees import (
    Grammar,
    pick,
    random_hinge,
    random_number,
    random_ratio,
    random_tree,
    unit_of,
)


def _nodes(tree: Expr) -> list[Expr]:
    return [node for _, node in outside(tree)]


def _drawn(tree: Expr, rng: Rng) -> tuple[int, Expr]:
    """A random node that may change, with its number."""
    nodes = outside(tree)
    return nodes[int(rng.integers(len(nodes)))]


def subtree_mutation(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a random subtree by a random tree of its unit."""
    index, node = _drawn(trees[0], rng)
    unit = unit_of(node, grammar.units)
    return trees[0].replace(index, random_tree(grammar, unit, int(rng.integers(1, 4)), rng))


def crossover(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a random subtree by a subtree of the same unit from the second tree."""
    if len(trees) < 2:
        return None
    donor = _nodes(trees[1])
    index, node = _drawn(trees[0], rng)
    unit = unit_of(node, grammar.units)
    fitting = [n for n in donor if unit_of(n, grammar.units) is unit and n.op != "const"]
    return trees[0].replace(index, pick(rng, fitting)) if fitting else None


def point_mutation(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Exchange one parameter for another of its unit, or one operator for another."""
    index, node = _drawn(trees[0], rng)
    if node.op in ("const", "whole"):
        return None
    if not node.args:
        return trees[0].replace(index, pick(rng, grammar.leaves(grammar.units[node.op])))
    swaps = {"+": "-", "-": "+", "min": "max", "max": "min", "*": "/", "/": "*"}
    swaps |= {"math.tanh": "abs", "abs": "math.tanh"}
    if node.op not in swaps:
        return None
    return trees[0].replace(index, Expr(swaps[node.op], node.args))


def hoist(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Replace a subtree by one of its own subtrees of the same unit: the tree shrinks."""
    index, node = _drawn(trees[0], rng)
    unit = unit_of(node, grammar.units)
    inner = [n for n in _nodes(node)[:-1] if unit_of(n, grammar.units) is unit]
    return trees[0].replace(index, pick(rng, inner)) if inner else None


def add_term(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random expression to a subtree: a new degree of freedom near the old rule."""
    index, node = (trees[0].size - 1, trees[0]) if rng.random() < 0.4 else _drawn(trees[0], rng)
    unit = unit_of(node, grammar.units)
    term = random_tree(grammar, Unit.ONE if unit is Unit.ONE else Unit.TIME, int(rng.integers(1, 4)), rng)
    return trees[0].replace(index, Expr("+", (node, Expr("*", (new_constant(grammar, rng), term)))))


def add_hinge(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random hinge to the whole rule, in the rule's own unit."""
    tree = trees[0]
    term = Expr("*", (new_constant(grammar, rng), random_hinge(grammar, rng)))
    if unit_of(tree, grammar.units) is not Unit.ONE and (scales := grammar.positive(Unit.TIME)):
        term = Expr("*", (term, pick(rng, scales)))
    return Expr("+", (tree, term))


def widen(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random ratio to a number inside the rule."""
    places = [(i, n) for i, n in outside(trees[0]) if unit_of(n, grammar.units) is Unit.ONE]
    if not places:
        return None
    index, node = places[int(rng.integers(len(places)))]
    term = Expr("*", (new_constant(grammar, rng), random_ratio(grammar, rng)))
    return trees[0].replace(index, Expr("+", (node, term)))


def weigh(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Multiply a subtree by a number close to one, to be tuned."""
    index, node = _drawn(trees[0], rng)
    if node.op in ("const", "whole") or unit_of(node, grammar.units) is Unit.DATE:
        return None
    weight: Expr = const(float(np.exp(rng.normal(0.0, 0.2))))
    if rng.random() < 0.5:
        weight = Expr("+", (weight, Expr("*", (new_constant(grammar, rng), random_number(grammar, 2, rng)))))
    return trees[0].replace(index, Expr("*", (weight, node)))


def perturb(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:  # noqa: ARG001 - an Operator
    """Change one constant by a log-normal factor."""
    places = [(i, n.value) for i, n in outside(trees[0]) if n.op == "const"]
    if not places:
        return None
    index, value = places[int(rng.integers(len(places)))]
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

WHOLE_OPERATORS: tuple[tuple[str, Operator, float], ...] = (("bump", add_bump, 0.25),)
"""More of them where the items that are compared differ by whole numbers; the shares are relative to those above."""

ARRAY_OPERATORS: tuple[tuple[str, Operator, float], ...] = (
    ("read", add_read, 0.25),
    ("pair", add_pair, 0.2),
    ("index", move_index, 0.08),
    ("weigh read", weigh_read, 0.3),
    ("alike", vary_alike, 0.4),
)
"""More of them where there are arrays to read."""

COUNT_OPERATORS: tuple[tuple[str, Operator, float], ...] = (("scale", scale_term, 0.15),)
"""More of them where also counts tell how far things have come."""

ALL_OPERATORS = (*OPERATORS, *WHOLE_OPERATORS, *ARRAY_OPERATORS, *COUNT_OPERATORS)


def _shares(grammar: Grammar) -> NDArray[np.float64]:
    """The probability of each operator under a grammar; those at the end that it has no use for are left out."""
    first = len(OPERATORS) + len(WHOLE_OPERATORS)
    use = first if grammar.whole else len(OPERATORS)
    if grammar.reads:
        use = len(ALL_OPERATORS) if scales(grammar) else len(ALL_OPERATORS) - len(COUNT_OPERATORS)
    shares = np.array([share for _, _, share in ALL_OPERATORS[:use]])
    if not grammar.whole:
        shares[len(OPERATORS) : first] = 0.0
    probabilities: NDArray[np.float64] = shares / shares.sum()
    return probabilities


class Varied(NamedTuple):
    """An offspring, with the number of the operator that made it, and that of the tree that gave a part (0: none)."""

    operator: int
    tree: Expr
    donor: int = 0


def vary(grammar: Grammar, trees: Sequence[Expr], rng: Rng, attempts: int = 20) -> Varied | None:
    """One offspring of `trees[0]` (the others are donors) that fits the grammar."""
    shares = _shares(grammar)
    for _ in range(attempts):
        which = int(rng.choice(len(shares), p=shares))
        _, operator, _ = ALL_OPERATORS[which]
        donor = int(rng.integers(1, len(trees))) if operator is crossover and len(trees) > 1 else 0
        child = operator(grammar, [trees[0], trees[donor]] if donor else trees, rng)
        if child is not None and child != trees[0]:
            child = simplify(child)
            if grammar.fits(child) and child != trees[0]:
                return Varied(which, child, donor)
    return None


def prunings(tree: Expr) -> Iterator[Expr]:
    """Every tree that results from replacing one node by one of its own operands, largest savings first."""
    nodes = [(i, node) for i, node in outside(tree) if array_of(node) is None]
    cuts = [(node.size - argument.size, i, argument) for i, node in nodes for argument in node.args]
    for _, index, argument in sorted(cuts, key=lambda cut: (-cut[0], cut[1])):
        yield simplify(tree.replace(index, argument))
