"""Simplifying expressions without changing what they mean."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from heuresis.evaluators.language.expressions.tree import Expr, array_of, const, whole


def simplify(tree: Expr) -> Expr:
    """Fold constants and drop neutral operations (x·1, x+0, x−x, x/x, max(x, x), 0·x). Indices stay as they are."""
    if not tree.args or array_of(tree) is not None:
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
    one = const(1.0)
    if a == b and op in _OF_EQUALS:
        return _OF_EQUALS[op] or a
    if (op == "*" and (a in _ZERO or b in _ZERO)) or (op == "/" and a in _ZERO):
        return const(0.0)
    if (op in ("*", "/") and b == one) or (op in ("+", "-") and b in _ZERO):
        return a
    if (op == "*" and a == one) or (op == "+" and a in _ZERO):
        return b
    return Expr(op, (a, b))


_ZERO = (const(0.0), whole(0))

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
