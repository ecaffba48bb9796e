"""Expressions of a rewritten program as nested closures over a frame, the values of a function's names."""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Frame: TypeAlias = list[Any]
Compute: TypeAlias = Callable[[Frame], Any]

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


class Program(Protocol):
    """What an expression can refer to beside the names of its function."""

    def knows(self, name: str) -> bool:
        """Whether the program has a function of this name."""

    def function(self, name: str) -> Callable[..., Any]:
        """A function of the program, translated by the time it is called."""

    def trusted(self, name: str) -> Callable[..., Any]:
        """A function that is not the program's own."""

    def constant(self, name: str) -> Any:
        """The value of a constant of the module."""


def compute_of(node: ast.expr, places: Mapping[str, int], program: Program) -> Compute:
    """The closure of an expression of a rewritten program; `places` are those of names in the frame."""

    def of(part: ast.expr) -> Compute:
        return compute_of(part, places, program)

    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name):
        return operator.itemgetter(places[node.id]) if node.id in places else _constant(program.constant(node.id))
    if isinstance(node, ast.UnaryOp):
        return _unary(_UNARY[type(node.op)], of(node.operand))
    if isinstance(node, ast.BinOp):
        return _binary(_BINARY[type(node.op)], of(node.left), of(node.right))
    if isinstance(node, ast.Compare):
        if len(node.ops) == 1:
            return _binary(_COMPARE[type(node.ops[0])], of(node.left), of(node.comparators[0]))
        return _chain([_COMPARE[type(op)] for op in node.ops], [of(node.left), *map(of, node.comparators)])
    if isinstance(node, ast.BoolOp):
        return _first(isinstance(node.op, ast.Or), [of(value) for value in node.values])
    if isinstance(node, ast.IfExp):
        return _choice(of(node.test), of(node.body), of(node.orelse))
    if isinstance(node, ast.Subscript):
        return _binary(operator.getitem, of(node.value), of(node.slice))
    if isinstance(node, ast.Call):
        name, arguments = ast.unparse(node.func), [of(argument) for argument in node.args]
        if program.knows(name):
            return lambda frame: program.function(name)(*[compute(frame) for compute in arguments])
        return _call(program.trusted(name), arguments)
    raise TypeError(f"no screened program contains {type(node).__name__}")


def _constant(value: Any) -> Compute:
    return lambda _: value


def _unary(operate: Callable[[Any], Any], operand: Compute) -> Compute:
    return lambda frame: operate(operand(frame))


def _binary(operate: Callable[[Any, Any], Any], left: Compute, right: Compute) -> Compute:
    return lambda frame: operate(left(frame), right(frame))


def _choice(test: Compute, body: Compute, orelse: Compute) -> Compute:
    return lambda frame: body(frame) if test(frame) else orelse(frame)


def _call(function: Callable[..., Any], arguments: Sequence[Compute]) -> Compute:
    if len(arguments) == 1:
        only = arguments[0]
        return lambda frame: function(only(frame))
    if len(arguments) == 2:
        return _binary(function, *arguments)
    return lambda frame: function(*[compute(frame) for compute in arguments])


def _first(wanted: bool, operands: Sequence[Compute]) -> Compute:
    """The first operand whose truth is as wanted, else the last."""

    def find(frame: Frame) -> Any:
        value = None
        for operand in operands:
            value = operand(frame)
            if bool(value) is wanted:
                break
        return value

    return find


def _chain(compares: Sequence[Callable[[Any, Any], bool]], operands: Sequence[Compute]) -> Compute:
    """`a < b < c`: each operand once, until a comparison fails."""
    first, rest = operands[0], list(zip(compares, operands[1:], strict=True))

    def hold(frame: Frame) -> bool:
        left = first(frame)
        for compare, operand in rest:
            right = operand(frame)
            if not compare(left, right):
                return False
            left = right
        return True

    return hold
