"""Reading arrays, and operators for rules over whole numbers: what breeding does where a contract has such inputs.

A rule whose items differ by whole numbers does not notice a small new term, and where a histogram is visible, the
change of a sum over it is a pair of reads with opposite signs. None of this concerns contracts without arrays and with
continuous inputs: there these operators are not drawn.
"""

import math
from collections.abc import Sequence

import numpy as np

from heuresis.evaluators.language.contract import Unit
from heuresis.evaluators.language.expressions.indices import index_names, linear, lowest, readable, written
from heuresis.evaluators.language.expressions.tree import Expr, array_of, const, outside, read, share, whole
from heuresis.evolve.genetic.reads import Rng, forms, random_index, random_read, shifted, varying
from heuresis.evolve.genetic.trees import (
    Grammar,
    random_hinge,
    random_number,
    random_ratio,
    small_constant,
    unit_of,
)


def factor(grammar: Grammar, rng: Rng) -> Expr:
    """A weight for a read: a ratio, a hinge, a bump or any number, near one where it is not meant to select."""
    if scales(grammar) and rng.random() < 0.5:
        return progress(grammar, rng)
    choice = rng.random()
    if choice < 0.2:
        return Expr("+", (const(1.0), Expr("*", (new_constant(grammar, rng), random_ratio(grammar, rng)))))
    if choice < 0.4:
        return random_ratio(grammar, rng)
    if choice < 0.6:
        return bump(grammar, rng)
    if choice < 0.75:
        return random_hinge(grammar, rng)
    return random_number(grammar, 2, rng)


def scales(grammar: Grammar) -> list[Expr]:
    """What a rule may be scaled by: the counts that are never zero, and one more than what lies between two of them."""
    positive = [Expr(p.name) for p in grammar.contract.main.scalars if p.unit is Unit.COUNT and p.low > 0]
    return positive + [gap for _, gap in _gaps(grammar)]


def _gaps(grammar: Grammar) -> list[tuple[Expr, Expr]]:
    """The counts that do not exceed another one, each with one more than what it lacks: `left` and `n - left + 1.0`."""
    counts = [p for p in grammar.contract.main.scalars if p.unit is Unit.COUNT]
    bounded = [p for p in counts if p.at_most in {other.name for other in counts}]
    gaps = [Expr("-", (Expr(str(p.at_most)), Expr(p.name))) for p in bounded]
    return [(Expr(p.name), Expr("+", (gap, const(1.0)))) for p, gap in zip(bounded, gaps, strict=True)]


def progress(grammar: Grammar, rng: Rng) -> Expr:
    """A function of how a count compares with another one: how far things have come, how much of it something is."""
    counts = scales(grammar)
    lengths = [leaf for leaf in grammar.positive(Unit.TIME) if not _varies(grammar, leaf)]
    below = counts[int(rng.integers(len(counts)))]
    above = [leaf for leaf in (*counts, *lengths) if leaf != below]
    top = above[int(rng.integers(len(above)))] if above else const(1.0)
    if grammar.reads and rng.random() < 0.3:
        top = random_read(grammar.contract.main, rng)
    elif lengths and rng.random() < 0.4:  # as many as make up a length
        top, below = below, lengths[int(rng.integers(len(lengths)))]
    ratio = Expr("/", (top, below))
    choice = rng.random()
    if choice < 0.25:
        return ratio
    if choice < 0.5:
        return Expr("math.sqrt", (ratio,))
    rate = const(float(np.exp(rng.normal(0.5, 1.2))))
    if choice < 0.75:
        return Expr("math.exp", (Expr("neg", (Expr("*", (Expr("max", (const(0.0), rate)), ratio)),)),))
    return Expr("/", (const(1.0), Expr("+", (rate, ratio))))


def new_constant(grammar: Grammar, rng: Rng) -> Expr:
    """The constant of a new term; where items differ by whole numbers, one that they notice."""
    return small_constant(rng, -0.5) if grammar.whole else small_constant(rng)


def _place(grammar: Grammar, tree: Expr, rng: Rng) -> tuple[int, Expr]:
    """The root, or a node inside that is a number."""
    nodes = [(i, n) for i, n in outside(tree) if unit_of(n, grammar.units) is Unit.ONE and n.op != "whole"]
    if not nodes or rng.random() < 0.7:
        return tree.size - 1, tree
    return nodes[int(rng.integers(len(nodes)))]


def _added(grammar: Grammar, tree: Expr, term: Expr, rng: Rng) -> Expr:
    """The tree with a small multiple of a number added somewhere, in the unit of that place."""
    index, node = _place(grammar, tree, rng)
    term = Expr("*", (new_constant(grammar, rng), term))
    lengths = grammar.positive(Unit.TIME)
    if unit_of(node, grammar.units) is not Unit.ONE and lengths:
        term = Expr("*", (term, lengths[int(rng.integers(len(lengths)))]))
    return tree.replace(index, Expr("+", (node, term)))


def add_read(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a multiple of an array's element, half the time weighted."""
    term = random_read(grammar.contract.main, rng)
    if rng.random() < 0.6:
        term = Expr("*", (factor(grammar, rng), term))
    return _added(grammar, trees[0], term, rng)


def add_pair(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add the difference of an array's elements at two varying indices, each weighted by one function of its index."""
    function = grammar.contract.main
    arrays = readable(function)
    array = arrays[int(rng.integers(len(arrays)))]
    places = [f for f in forms(function, array) if varying(function, f)]
    if len(places) < 2 or not grammar.positive(Unit.TIME):
        return None
    weight = weight_of_size(grammar, rng)
    sides = []
    for number in rng.permutation(len(places))[:2]:
        index = written(places[int(number)], function)
        sides.append(Expr("*", (with_size(weight, index), read(array.name, index))))
    return _added(grammar, trees[0], Expr("-", tuple(sides)), rng)


_SIZE = Expr("·")


def weight_of_size(grammar: Grammar, rng: Rng) -> Expr:
    """A function of one size, which `with_size` puts in the place of a dot; there must be a length above zero."""
    lengths = grammar.positive(Unit.TIME)
    fixed = [s for s in lengths if not _varies(grammar, s)] or lengths
    ratio = Expr("/", (_SIZE, fixed[int(rng.integers(len(fixed)))]))
    choice = rng.random()
    if choice < 0.2:
        return Expr("+", (const(1.0), Expr("*", (new_constant(grammar, rng), ratio))))
    if choice < 0.5:
        return _bell(ratio, float(rng.uniform(0.0, 1.0)), rng)
    arrays = [array.name for array in readable(grammar.contract.main) if array.low >= 0]
    if choice < 0.6 or not arrays:
        return Expr("max", (const(0.0), Expr("-", (const(float(rng.uniform(0.0, 1.0))), ratio))))
    below = Expr("+", (const(float(np.exp(rng.normal(1.0, 1.5)))), _frequency(grammar, arrays, rng)))
    return Expr("/", (ratio if rng.random() < 0.6 else const(1.0), below))


def _frequency(grammar: Grammar, arrays: Sequence[str], rng: Rng) -> Expr:
    """How often an array holds the size in the place of a dot, or one up to it, scaled by counts where there are some.

    Of a histogram of what came so far, scaled by what is left, this is about what is still to come. So the scale is
    mostly a count that another one bounds, over one more than what lies between them.
    """
    array, counts, gaps = arrays[int(rng.integers(len(arrays)))], scales(grammar), _gaps(grammar)
    scale, below = const(float(np.exp(rng.normal(3.0, 1.5)))), const(1.0)
    if gaps and rng.random() < 0.8:
        scale, below = gaps[int(rng.integers(len(gaps)))]
    elif counts:
        scale, below = (counts[int(k)] for k in rng.integers(len(counts), size=2))
    if rng.random() < 0.5:
        return Expr("*", (share(array, _SIZE), scale))
    return Expr("*", (read(array, _SIZE), Expr("/", (scale, below)))) if counts else read(array, _SIZE)


def _varies(grammar: Grammar, leaf: Expr) -> bool:
    return any(p.name == leaf.op and p.varies for p in grammar.contract.main.parameters)


def with_size(tree: Expr, size: Expr) -> Expr:
    """A function of a size with the size in the place of its dot."""
    if tree == _SIZE:
        return size
    return Expr(tree.op, tuple(with_size(a, size) for a in tree.args), tree.value)


def _bell(ratio: Expr, centre: float, rng: Rng) -> Expr:
    """1 where a ratio has some value, less and less beside it."""
    width = float(np.exp(rng.normal(2.0, 0.7)))
    away = Expr("*", (const(width), Expr("-", (ratio, const(centre)))))
    return Expr("math.exp", (Expr("neg", (Expr("abs", (away,)),)),))


def bump(grammar: Grammar, rng: Rng) -> Expr:
    """1 where a ratio of sizes is about some value, or below one, or where a parameter does not reach its upper end."""
    ordered = [p for p in grammar.contract.main.scalars if p.at_most is not None and p.unit is not Unit.COUNT]
    if ordered and rng.random() < 0.25:
        below = ordered[int(rng.integers(len(ordered)))]
        return Expr("if_less", (Expr(below.name), Expr(str(below.at_most)), const(1.0), whole(0)))
    ratio = size_ratio(grammar, rng)
    centre = typical(grammar, ratio, rng)
    if rng.random() < 0.6:
        return _bell(ratio, centre, rng)
    edge = const(centre)
    return Expr("if_less", (ratio, edge, const(1.0), whole(0)))


def size_ratio(grammar: Grammar, rng: Rng) -> Expr:
    """A parameter or a difference of two over one that does not vary: how much of a whole something is.

    Of two parameters of which one never exceeds the other, the smaller is taken away.
    """
    leaves, lengths = grammar.leaves(Unit.TIME), grammar.positive(Unit.TIME)
    fixed = [s for s in lengths if not _varies(grammar, s)] or lengths
    if not fixed:
        return random_ratio(grammar, rng)
    top = leaves[int(rng.integers(len(leaves)))]
    if len(leaves) > 1 and rng.random() < 0.6:
        first, second = rng.permutation(len(leaves))[:2]
        top = Expr("-", (leaves[int(first)], leaves[int(second)]))
        if _lowest(grammar, Expr("-", (top.args[1], top.args[0]))) >= 0.0:
            top = Expr("-", (top.args[1], top.args[0]))
    return Expr("/", (top, fixed[int(rng.integers(len(fixed)))]))


def _lowest(grammar: Grammar, tree: Expr) -> float:
    """What a sum or difference of parameters never falls below, as far as the contract says."""
    function = grammar.contract.main
    form = linear(tree, frozenset(p.name for p in function.scalars))
    return -math.inf if form is None else lowest(form, function)


def typical(grammar: Grammar, ratio: Expr, rng: Rng) -> float:
    """A value that a ratio of sizes may well have: below one, above one, or any, as the contract orders them."""
    if ratio.op != "/":
        return float(rng.uniform(0.0, 1.0))
    top, bottom = ratio.args
    if _lowest(grammar, Expr("-", (bottom, top))) >= 0.0:
        return float(rng.uniform(0.0, 1.0))
    return float(rng.exponential(1.0)) + (1.0 if _lowest(grammar, Expr("-", (top, bottom))) >= 0.0 else 0.0)


def add_bump(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Add a multiple of a bump or of a ratio, or of a product of two."""
    term = bump(grammar, rng)
    for _ in range(4):  # the same for all items, it would change nothing by itself
        if any(_varies(grammar, node) for node in term.walk()):
            break
        term = bump(grammar, rng) if rng.random() < 0.75 else size_ratio(grammar, rng)
    if rng.random() < 0.3:
        term = Expr("*", (term, bump(grammar, rng)))
    elif scales(grammar) and rng.random() < 0.6:
        term = Expr("*", (term, progress(grammar, rng)))
    return _added(grammar, trees[0], term, rng)


def move_index(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Read an array at another index: one moved by a little, or any."""
    reads = [(i, n) for i, n in outside(trees[0]) if array_of(n) is not None]
    if not reads:
        return None
    place, node = reads[int(rng.integers(len(reads)))]
    function = grammar.contract.main
    array = next(p for p in readable(function) if p.name == array_of(node))
    index = random_index(function, array, rng)
    form = linear(node.args[0], index_names(function, array))
    if form is not None and rng.random() < 0.5:
        index = written(shifted(form, rng), function)
    return trees[0].replace(place, Expr(node.op, (index,)))


def weigh_read(grammar: Grammar, trees: Sequence[Expr], rng: Rng) -> Expr | None:
    """Multiply what is read from an array, or a sum that holds it, by a weight."""
    reads = [(i, n) for i, n in outside(trees[0]) if any(array_of(m) is not None for m in n.walk())]
    if not reads:
        return None
    small = [(i, n) for i, n in reads if n.size <= 8] if rng.random() < 0.7 else []
    place, node = (small or reads)[int(rng.integers(len(small or reads)))]
    weight = factor(grammar, rng)
    if rng.random() < 0.6:
        weight = Expr("+", (const(1.0), Expr("*", (new_constant(grammar, rng), weight))))
    return trees[0].replace(place, Expr("*", (weight, node)))
