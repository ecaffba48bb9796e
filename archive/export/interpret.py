"""A small interpreter of rewritten programs, so that exporting a program never executes it as Python."""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MAX_STEPS = 200_000
"""Expressions evaluated per call, at most."""

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
_BUILTINS: dict[str, Callable[..., Any]] = {
    "abs": abs, "min": min, "max": max, "float": float, "math.tanh": math.tanh, "math.atan": math.atan,
    "math.fabs": math.fabs,
}  # fmt: skip


class TooLong(RuntimeError):
    """The call takes more than `MAX_STEPS` steps."""


class _Left(Exception):
    """How a function is left, with its result; loops are left by the subclasses. Not an error."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class _Break(_Left):
    pass


class _Continue(_Left):
    pass


class Interpreter:
    """Calls the functions of a rewritten program with numbers."""

    def __init__(self, tree: ast.Module, helpers: Mapping[str, Callable[..., float]]) -> None:
        self._functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
        self._trusted = _BUILTINS | dict(helpers)
        self._steps = 0
        self._constants: dict[str, Any] = {}
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                self._constants[ast.unparse(statement.targets[0])] = self._value(statement.value, {})

    def call(self, name: str, arguments: Sequence[float]) -> float:
        """The result of one function. Raises TooLong, and ZeroDivisionError where the compiled program does."""
        self._steps = 0
        return float(self._run(name, arguments))

    def _run(self, name: str, arguments: Sequence[Any]) -> Any:
        function = self._functions[name]
        names = {a.arg: value for a, value in zip(function.args.args, arguments, strict=True)}
        try:
            self._block(function.body, names)
        except _Left as left:
            return left.value
        raise ValueError(f"`{name}` ends without a value")

    def _block(self, statements: Sequence[ast.stmt], names: dict[str, Any]) -> None:
        for statement in statements:
            self._statement(statement, names)

    def _statement(self, statement: ast.stmt, names: dict[str, Any]) -> None:
        if isinstance(statement, ast.Return) and statement.value is not None:
            raise _Left(self._value(statement.value, names))
        if isinstance(statement, ast.Assign):
            self._assign(statement, names)
        elif isinstance(statement, ast.AugAssign):
            name = ast.unparse(statement.target)
            names[name] = _BINARY[type(statement.op)](names[name], self._value(statement.value, names))
        elif isinstance(statement, ast.If):
            self._block(statement.body if self._value(statement.test, names) else statement.orelse, names)
        elif isinstance(statement, ast.While):
            while self._value(statement.test, names) and self._again(statement.body, names):
                pass
        elif isinstance(statement, ast.For) and isinstance(statement.iter, ast.Call):
            for value in range(*(self._value(a, names) for a in statement.iter.args)):
                names[ast.unparse(statement.target)] = value
                if not self._again(statement.body, names):
                    break
        elif isinstance(statement, ast.Break):
            raise _Break
        elif isinstance(statement, ast.Continue):
            raise _Continue
        elif not isinstance(statement, ast.Pass):
            raise TypeError(f"no screened program contains {type(statement).__name__}")

    def _assign(self, statement: ast.Assign, names: dict[str, Any]) -> None:
        value = statement.value
        values = [self._value(v, names) for v in (value.elts if isinstance(value, ast.Tuple) else [value])]
        for target in statement.targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            names.update({ast.unparse(part): v for part, v in zip(parts, values, strict=True)})

    def _again(self, body: Sequence[ast.stmt], names: dict[str, Any]) -> bool:
        """Run a loop's body; whether the loop goes on."""
        self._step()
        try:
            self._block(body, names)
        except _Break:
            return False
        except _Continue:
            pass
        return True

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooLong(f"more than {MAX_STEPS} steps")

    def _value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        self._step()
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return names[node.id] if node.id in names else self._constants[node.id]
        if isinstance(node, ast.UnaryOp):
            return _UNARY[type(node.op)](self._value(node.operand, names))
        if isinstance(node, ast.BinOp):
            return _BINARY[type(node.op)](self._value(node.left, names), self._value(node.right, names))
        if isinstance(node, ast.IfExp):
            return self._value(node.body if self._value(node.test, names) else node.orelse, names)
        if isinstance(node, ast.BoolOp):
            value: Any = None
            for operand in node.values:
                value = self._value(operand, names)
                if bool(value) is isinstance(node.op, ast.Or):
                    break
            return value
        if isinstance(node, ast.Compare):
            left = self._value(node.left, names)
            for compare, operand in zip(node.ops, node.comparators, strict=True):
                right = self._value(operand, names)
                if not _COMPARE[type(compare)](left, right):
                    return False
                left = right
            return True
        if isinstance(node, ast.Call):
            name, arguments = ast.unparse(node.func), [self._value(a, names) for a in node.args]
            return self._run(name, arguments) if name in self._functions else self._trusted[name](*arguments)
        raise TypeError(f"no screened program contains {type(node).__name__}")
