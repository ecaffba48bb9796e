"""One element of an operation on whole arrays, as an operation on the elements of its operands."""

import ast
from collections.abc import Callable

from heuresis.sandbox.screen.normalise import dotted
from heuresis.sandbox.screen.whole_calls import OPERATORS
from heuresis.sandbox.screen.whole_kinds import BITWISE, Kind

_NUMBERS = {
    "np.minimum": "min", "np.maximum": "max", "np.abs": "abs", "np.arctan": "math.atan", "np.sign": "_sign",
    "np.floor": "_floors", "np.ceil": "_ceils",
}  # fmt: skip
Parts = Callable[[ast.expr], ast.expr]


def combined(node: ast.expr, of: Parts, kind: Kind) -> ast.expr:
    """An operation on numbers, or on the elements of arrays, of its parts written out."""
    if isinstance(node, ast.UnaryOp):
        operator = ast.Not() if isinstance(node.op, ast.Invert) else node.op
        return ast.UnaryOp(operator, of(node.operand))
    if isinstance(node, ast.BinOp):
        return _operation(node.op, of(node.left), of(node.right), kind)
    if isinstance(node, ast.Compare):
        return ast.Compare(of(node.left), node.ops, [of(c) for c in node.comparators])
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(node.op, [of(v) for v in node.values])
    if isinstance(node, ast.IfExp):
        return ast.IfExp(of(node.test), of(node.body), of(node.orelse))
    if isinstance(node, ast.Call):
        return _function(dotted(node.func) or "", [of(a) for a in node.args], kind)
    return node


def _operation(operator: ast.operator, left: ast.expr, right: ast.expr, kind: Kind) -> ast.expr:
    if isinstance(operator, BITWISE):
        if isinstance(operator, ast.BitXor):
            return ast.Compare(left, [ast.NotEq()], [right])
        return ast.BoolOp(ast.And() if isinstance(operator, ast.BitAnd) else ast.Or(), [left, right])
    if isinstance(operator, ast.Pow) and kind is Kind.ARRAY and isinstance(right, ast.UnaryOp):
        number = right.operand
        if isinstance(right.op, ast.USub) and isinstance(number, ast.Constant) and isinstance(number.value, int):
            right = ast.UnaryOp(ast.USub(), ast.Constant(float(number.value)))  # 0 ** -1.0 is infinite, no error
    return ast.BinOp(left, operator, right)


def _function(name: str, parts: list[ast.expr], kind: Kind) -> ast.expr:
    """A function of NumPy as one of numbers."""
    if name == "np.where":
        return ast.IfExp(*parts)
    if name == "np.clip":
        return call("min", call("max", parts[0], parts[1]), parts[2])
    if name in ("np.logical_and", "np.logical_or"):
        return ast.BoolOp(ast.And() if name == "np.logical_and" else ast.Or(), parts)
    if name == "np.logical_not":
        return ast.UnaryOp(ast.Not(), parts[0])
    operator = OPERATORS.get(name, ast.AST)()
    if isinstance(operator, ast.unaryop):
        return ast.UnaryOp(operator, parts[0])
    if isinstance(operator, ast.operator):
        return _operation(operator, parts[0], ast.Constant(2) if name == "np.square" else parts[1], kind)
    return call(_NUMBERS.get(name, name.replace("np.", "math.")), *parts)


def call(name: str, *arguments: ast.expr) -> ast.Call:
    """A call of a function by its (possibly dotted) name."""
    module, _, attribute = name.rpartition(".")
    function: ast.expr = (
        ast.Attribute(ast.Name(module, ast.Load()), attribute, ast.Load())
        if module
        else ast.Name(attribute, ast.Load())
    )
    return ast.Call(function, list(arguments), [])
