"""Indices of arrays: sums and differences of whole parameters, and where they are known to lie.

An array declares which parameter is its last index, and parameters declare which other ones they never exceed
(`contract.Parameter`). Over such an order a linear expression takes its smallest value at the corner of the smallest
parameters, or falls without end along a set of parameters that grow together: finitely many signs decide.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import cache

from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter
from heuresis.evaluators.language.expressions.tree import MOST, Expr, array_of, whole

Form = Mapping[str, int]
"""Coefficients of parameters, and of 1 under the empty name; none is 0."""

Names = frozenset[str]


def linear(tree: Expr, names: Names) -> Form | None:
    """The linear form of sums and differences of the named parameters and whole numbers, or None."""
    if tree.op in names:
        return {tree.op: 1}
    if tree.op == "neg":
        inner = linear(tree.args[0], names)
        return None if inner is None else {name: -k for name, k in inner.items()}
    if tree.op in ("+", "-"):
        left, right = (linear(a, names) for a in tree.args)
        if left is None or right is None:
            return None
        sign = 1 if tree.op == "+" else -1
        total = {name: left.get(name, 0) + sign * right.get(name, 0) for name in {**left, **right}}
        return {name: k for name, k in total.items() if k}
    if tree.op in ("whole", "const") and tree.value.is_integer() and abs(tree.value) <= MOST:
        return {"": int(tree.value)} if tree.value else {}
    return None


def index_names(function: Function, array: Parameter) -> Names:
    """The parameters that an index of the array may be made of: whole ones of the unit of its last index."""
    if array.last is None:
        return frozenset()
    unit = next(p.unit for p in function.scalars if p.name == array.last)
    return frozenset(p.name for p in function.scalars if p.kind is Kind.INT64 and p.unit is unit)


def readable(function: Function) -> tuple[Parameter, ...]:
    """The arrays that expressions may read: those that say which parameter is their last index."""
    return tuple(p for p in function.arrays if p.last is not None)


def written(form: Form, function: Function) -> Expr:
    """The one way to write a form: what is added in the contract's order, then what is taken away, then the number."""
    terms = [(k, Expr(p.name)) for p in function.scalars if (k := form.get(p.name, 0))]
    terms.sort(key=lambda term: term[0] < 0)
    shift = form.get("", 0)
    tree = whole(0)
    if not terms or terms[0][0] < 0:
        tree, shift = whole(shift), 0
    else:
        tree, terms = terms[0][1], [(terms[0][0] - 1, terms[0][1]), *terms[1:]]
    for k, leaf in terms:
        for _ in range(abs(k)):
            tree = Expr("+" if k > 0 else "-", (tree, leaf))
    return tree if shift == 0 else Expr("+" if shift > 0 else "-", (tree, whole(abs(shift))))


def lowest(form: Form, function: Function) -> float:
    """A number that the form never falls below; -inf where there is none, or none is known."""
    corner, together = _order(function)
    used = {name for name in form if name}
    for group in together:
        if sum(form.get(name, 0) for name in group) < 0:
            return -math.inf
    if any(not math.isfinite(corner[name]) for name in used):
        return -math.inf
    return sum(k * corner[name] for name, k in form.items() if name) + form.get("", 0)


def clips(form: Form, array: Parameter, function: Function) -> tuple[bool, bool]:
    """Whether an index must be held at 0, and at the last index, because it may lie beyond."""
    last = str(array.last)
    above = {name: -k for name, k in form.items()}
    above[last] = above.get(last, 0) + 1
    return lowest(form, function) < 0, lowest({n: k for n, k in above.items() if k}, function) < 0


@cache
def _order(function: Function) -> tuple[Mapping[str, float], tuple[Names, ...]]:
    """The corner of the smallest parameters, and the sets of parameters that can grow together, alone, without end.

    With a parameter grow all that it must not exceed. Where a low end lies above that of what it must not exceed,
    the lower of both is taken for the latter, which is safe.
    """
    above = {p.name: p.at_most for p in function.scalars}
    corner = {p.name: p.low for p in function.scalars}
    for name in above:
        for greater in _chain(name, above)[1:]:
            corner[greater] = min(corner[greater], corner[name])
    groups = {frozenset(_chain(name, above)) for name in above}
    while more := {a | b for a, b in itertools.combinations(groups, 2) if a & b} - groups:
        groups |= more
    return corner, tuple(groups)


def _chain(name: str, above: Mapping[str, str | None]) -> Sequence[str]:
    """A parameter, one that it does not exceed, one that this does not exceed, and so on."""
    chain = [name]
    while (greater := above[chain[-1]]) is not None and greater not in chain:
        chain.append(greater)
    return chain


def well_formed(tree: Expr, contract: Contract) -> bool:
    """Whether every array that is read can be, and at an index."""
    function = contract.main
    arrays = {p.name: p for p in readable(function)}
    for node in tree.walk():
        name = array_of(node)
        if name is not None and (
            name not in arrays or linear(node.args[0], index_names(function, arrays[name])) is None
        ):
            return False
    return True
