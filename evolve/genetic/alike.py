"""The same change at all places that are alike: what is weighed on one side of a difference is weighed on the other.

A rule over a histogram mostly is a difference of one function at two indices. A change at one of them alone spoils the
balance, and two steps that must come together rarely do. Subtrees are alike where they differ only in constants, in
whether one is added or taken away, and in the indices of what they read.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from heuresis.evaluators.language.contract import Unit
from heuresis.evaluators.language.expressions.tree import Expr, array_of, outside
from heuresis.evolve.genetic.arrays import factor, new_constant, progress, scales, weight_of_size, with_size
from heuresis.evolve.genetic.reads import Rng
from heuresis.evolve.genetic.trees import Grammar

WHOLE_TERM = 0.4
"""How often the largest subtrees that are alike change as a whole."""

Path: TypeAlias = tuple[int, ...]
"""Which operand to follow, from a subtree downwards."""

NOWHERE: Path = ()


def vary_alike(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Weigh, or add to, the same part of all subtrees that are alike; None where no two that read an array are."""
    groups = _groups(trees[0])
    if not groups:
        return None
    tree, change = trees[0], _change(grammar, rng)
    places, path = max(groups, key=lambda group: group[0][1].size), NOWHERE
    if rng.random() >= WHOLE_TERM:
        places = groups[int(rng.integers(len(groups)))]
        paths = _paths(places[0][1])
        path = paths[int(rng.integers(len(paths)))]
    for place, node in reversed(places):  # the numbers of what comes before stay the same
        tree = tree.replace(place, _at(node, path, partial(change, node)))
    return tree


def scale_term(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Let a constant or any other part of the rule depend on how far things have come."""
    nodes = [(i, n) for i, n in outside(trees[0]) if n.op != "whole"]
    if not scales(grammar) or not nodes:
        return None
    place, node = nodes[int(rng.integers(len(nodes)))]
    weight = progress(grammar, rng)
    if rng.random() < 0.5:
        weight = Expr("*", (new_constant(grammar, rng), weight))
        return trees[0].replace(place, Expr("+", (node, Expr("*", (weight, node)))))
    return trees[0].replace(place, Expr("*", (node, weight)))


def _groups(tree: Expr) -> list[list[tuple[int, Expr]]]:
    """The subtrees that read an array and have others like them, with their numbers, group by group."""
    found: dict[object, list[tuple[int, Expr]]] = {}
    for place, node in outside(tree):
        if any(array_of(inner) is not None for inner in node.walk()):
            found.setdefault(_shape(node), []).append((place, node))
    return [group for group in found.values() if len(group) > 1]


def _shape(node: Expr) -> object:
    """What a subtree has in common with those that are like it."""
    if node.op == "const" or array_of(node) is not None:
        return node.op
    if node.op in ("+", "-") and node.args[1].op == "const":
        return "±", _shape(node.args[0])
    return node.op, node.value, *(_shape(a) for a in node.args)


def _paths(node: Expr) -> list[Path]:
    """The ways to all parts of a subtree, indices apart."""
    inner = () if array_of(node) is not None else enumerate(node.args)
    return [(), *((k, *path) for k, a in inner for path in _paths(a))]


def _at(node: Expr, path: Path, change: Callable[[Expr], Expr]) -> Expr:
    """The subtree with the part at the end of a path changed."""
    if not path:
        return change(node)
    args = list(node.args)
    args[path[0]] = _at(args[path[0]], path[1:], change)
    return Expr(node.op, tuple(args), node.value)


def _change(grammar: Grammar, rng: Rng) -> Callable[[Expr, Expr], Expr]:
    """A change of a part of a subtree, drawn once for all that are alike; it may depend on the index that is read."""
    choice = rng.random()
    if scales(grammar) and choice < 0.35:
        weight = progress(grammar, rng)
    elif choice < 0.75 and grammar.positive(Unit.TIME):
        weight = weight_of_size(grammar, rng)
    else:
        weight = factor(grammar, rng)
    constant, kind = new_constant(grammar, rng), rng.random()

    def change(whole: Expr, part: Expr) -> Expr:
        index = next(inner.args[0] for inner in whole.walk() if array_of(inner) is not None)
        here = with_size(weight, index)
        if kind < 0.45:
            return Expr("*", (part, here))
        term = Expr("*", (constant, here))
        return Expr("+", (part, Expr("*", (term, part)) if kind < 0.65 else term))

    return change
