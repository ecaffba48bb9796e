"""Which expressions are finite for every admissible input, by interval arithmetic."""

import math
from collections.abc import Callable, Mapping

from heuresis.evaluators.language.contract import Contract, Function
from heuresis.evaluators.language.expressions.indices import linear, lowest, well_formed
from heuresis.evaluators.language.expressions.tree import Expr, array_of

_EXP_LIMIT = 600.0
Interval = tuple[float, float]


def is_total(tree: Expr, contract: Contract) -> bool:
    """Whether the expression has a finite value wherever the parameters are finite and at least their `low`.

    By interval arithmetic, hence conservative: no division by what may be 0, no logarithm or root of what may be
    negative, no exponential that may overflow. (Sums and products of astronomically large values are not considered.)
    """
    return well_formed(tree, contract) and _interval(tree, contract.main) is not None


def _interval(node: Expr, function: Function) -> Interval | None:
    if node.op in ("const", "whole"):
        return (node.value, node.value) if math.isfinite(node.value) else None
    if (array := array_of(node)) is not None:
        low = next(p.low for p in function.arrays if p.name == array)
        return (low, math.inf) if node.op.endswith("[]") else (0.0, 1.0) if low >= 0 else None
    if not node.args:
        return next(p.low for p in function.scalars if p.name == node.op), math.inf
    parts = [_interval(a, function) for a in node.args]
    if any(p is None for p in parts):
        return None
    known = [p for p in parts if p is not None]
    if node.op == "if_less":
        (c, d) = known[2:]
        return min(c[0], d[0]), max(c[1], d[1])
    found = _RANGES[node.op](*known)
    return _ordered(node, function, found) if node.op in ("+", "-") and found is not None else found


def _ordered(node: Expr, function: Function, found: Interval) -> Interval:
    """Tighter for sums and differences of parameters, of which one may be known not to exceed the other."""
    bounded = frozenset(p.name for p in function.scalars) if any(p.at_most for p in function.scalars) else frozenset()
    form = linear(node, bounded)
    if form is None:
        return found
    greatest = -lowest({name: -k for name, k in form.items()}, function)
    return max(found[0], lowest(form, function)), min(found[1], greatest)


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def _product(a: Interval, b: Interval) -> Interval:
    ends = [_times(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _quotient(a: Interval, b: Interval) -> Interval | None:
    if b[0] <= 1e-9 and b[1] >= -1e-9:
        return None
    return _product(a, (1 / b[1] if b[1] else math.inf, 1 / b[0] if b[0] else math.inf))


def _log(a: Interval, shift: float) -> Interval | None:
    low = a[0] + shift
    if low < 1e-9:
        return None
    return math.log(low), math.log(a[1] + shift) if a[1] < math.inf else math.inf


_RANGES: Mapping[str, Callable[..., Interval | None]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "*": _product,
    "/": _quotient,
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "neg": lambda a: (-a[1], -a[0]),
    "abs": lambda a: (max(0.0, a[0], -a[1]), max(abs(a[0]), abs(a[1]))),
    "math.sqrt": lambda a: None if a[0] < 0 else (math.sqrt(a[0]), math.sqrt(a[1])),
    "math.exp": lambda a: None if a[1] > _EXP_LIMIT else (math.exp(a[0]), math.exp(a[1])),
    "math.log": lambda a: _log(a, 0.0),
    "math.log1p": lambda a: _log(a, 1.0),
    "math.tanh": lambda a: (math.tanh(a[0]), math.tanh(a[1])),
}
