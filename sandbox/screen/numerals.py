"""Which literals a program may contain, and what an expression of literals is worth.

Python computes such an expression before anything is compiled. Whoever must know one (screen, compiler, reference
interpreter) asks `constant`, so that all of them mean the same number of the same kind.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from heuresis.sandbox.screen.normalise import dotted, error_at
from heuresis.sandbox.screen.whole_calls import OPERATORS

Number: TypeAlias = bool | int | float
"""A value whose type is its kind: a truth value, an integer or a float."""

_INT64_MAX = 2**63 - 1
_MAX_EXPONENT = 63
_COMPUTED: Mapping[tuple[type[ast.AST], int], Callable[..., Any]] = {
    (ast.USub, 1): operator.neg, (ast.UAdd, 1): operator.pos, (ast.Not, 1): operator.not_,
    (ast.Add, 2): operator.add, (ast.Sub, 2): operator.sub, (ast.Mult, 2): operator.mul, (ast.Div, 2): operator.truediv,
    (ast.FloorDiv, 2): operator.floordiv, (ast.Mod, 2): operator.mod, (ast.Pow, 2): operator.pow,
}  # fmt: skip
"""What Python computes beforehand: operators by the number of their operands."""


def check_number(node: ast.Constant) -> None:
    """A literal must be a number of at most 64 bits, or a bool. Raises ScreenError."""
    if isinstance(node.value, bool | float):
        return
    if not isinstance(node.value, int):
        kind = {"str": "a string", "bytes": "bytes", "NoneType": "None", "complex": "a complex number"}
        word = kind.get(type(node.value).__name__, "`...`")
        raise error_at(node, f"{word} is not allowed: only numbers, True and False are")
    if node.value > _INT64_MAX:
        raise error_at(node, "an integer beyond 64 bits is not allowed: write it as a float")


def constant(node: ast.expr) -> Number | None:
    """The value of an expression of literals, of the kind that Python gives it; None where it is none.

    An operation at which Python raises, such as `1 / 0`, is none either: compiled, it has a value at run time. Raises
    ScreenError where integers leave 64 bits or are divided by 0, before a tower of powers is computed, and where the
    result is no real number.
    """
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int):
            return node.value if node.value <= _INT64_MAX else None
        return node.value if isinstance(node.value, float) else None
    kind, operands = _operation(node)
    values = [constant(operand) for operand in operands]
    compute = _COMPUTED.get((kind, len(values)))
    if compute is None or any(value is None for value in values):
        return None
    if all(isinstance(value, int) for value in values):
        _check_integers(node, kind, values)
    try:
        result = compute(*values)
    except ArithmeticError:
        return None
    if isinstance(result, complex):
        raise error_at(node, "this power of a negative number is not a real number")
    if isinstance(result, int) and abs(result) > _INT64_MAX:
        raise error_at(node, "this integer expression leaves 64 bits: write its numbers as floats")
    number: Number = result
    return number


def _operation(node: ast.expr) -> tuple[type[ast.AST], list[ast.expr]]:
    """The operator and the operands; no operands where it is no operation that Python may compute beforehand.

    Functions of NumPy that are operators become such when arithmetic on whole arrays is written out.
    """
    if isinstance(node, ast.UnaryOp):
        return type(node.op), [node.operand]
    if isinstance(node, ast.BinOp):
        return type(node.op), [node.left, node.right]
    name = dotted(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name is None or name not in OPERATORS:
        return ast.AST, []
    return OPERATORS[name], [*node.args, ast.Constant(2)] if name == "np.square" else node.args


def _check_integers(node: ast.expr, kind: type[ast.AST], values: list[Any]) -> None:
    """Refuse what must not be computed from integers, or cannot be."""
    if kind is ast.Pow and values[1] > _MAX_EXPONENT and abs(values[0]) > 1:
        raise error_at(node, "this power of integers leaves 64 bits: write its numbers as floats")
    if kind in (ast.FloorDiv, ast.Mod) and values[1] == 0:
        raise error_at(node, "division by the literal 0")
