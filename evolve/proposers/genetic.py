"""The operators of typed genetic programming: mutations and crossover of expressions, and what can be cut away.

Every operator takes trees and a generator and returns a tree, or None where it does not apply. What is added has the
unit of the place where it is added (`trees.py`); a point mutation may exchange `*` for `/`.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from heuresis.evaluators.contract import Unit
from heuresis.evaluators.expression import Expr, const
from heuresis.evaluators.simplify import simplify
from heuresis.evolve.proposers.trees import (
    Grammar,
    Rng,
    pick,
    random_hinge,
    random_number,
    random_ratio,
    random_tree,
    small_constant,
    unit_of,
)


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
    return trees[0].replace(index, pick(rng, fitting)) if fitting else None


def point_mutation(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Exchange one parameter for another of its unit, or one operator for another."""
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    node = nodes[index]
    if node.op == "const":
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
    nodes = _nodes(trees[0])
    index = int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    inner = [n for n in list(nodes[index].walk())[:-1] if unit_of(n, grammar.units) is unit]
    return trees[0].replace(index, pick(rng, inner)) if inner else None


def add_term(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random expression to a subtree: a new degree of freedom near the old rule."""
    nodes = _nodes(trees[0])
    index = len(nodes) - 1 if rng.random() < 0.4 else int(rng.integers(len(nodes)))
    unit = unit_of(nodes[index], grammar.units)
    term = random_tree(grammar, Unit.ONE if unit is Unit.ONE else Unit.TIME, int(rng.integers(1, 4)), rng)
    return trees[0].replace(index, Expr("+", (nodes[index], Expr("*", (small_constant(rng), term)))))


def add_hinge(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a small multiple of a random hinge to the whole rule, in the rule's own unit."""
    tree = trees[0]
    term = Expr("*", (small_constant(rng), random_hinge(grammar, rng)))
    if unit_of(tree, grammar.units) is not Unit.ONE and (scales := grammar.positive(Unit.TIME)):
        term = Expr("*", (term, pick(rng, scales)))
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
        weight = Expr("+", (weight, Expr("*", (small_constant(rng), random_number(grammar, 2, rng)))))
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


def prunings(tree: Expr) -> Iterator[Expr]:
    """Every tree that results from replacing one node by one of its own operands, largest savings first."""
    nodes = _nodes(tree)
    cuts = [(node.size - argument.size, i, argument) for i, node in enumerate(nodes) for argument in node.args]
    for _, index, argument in sorted(cuts, key=lambda cut: (-cut[0], cut[1])):
        yield simplify(tree.replace(index, argument))
