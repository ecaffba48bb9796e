"""Expressions of a screened program, rewritten so that plain Python computes what the compiled program computes.

Only operations on which the two differ become calls of helpers (`arithmetic.py`); everything else stays as written.
Trees are never changed: what is rewritten is new.
"""

import ast
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heuresis.evaluators.language.reference.kinds import ELEMENTS, WHOLE, Env, Kind, join
from heuresis.sandbox.screen.numerals import Number, constant

CONSTRUCTORS = {"np.zeros": "_zeros", "np.ones": "_ones", "np.full": "_full"}
_SMALL = 2**53
_FLOATS = {
    "math.sqrt": "_sqrt", "math.exp": "_exp", "math.expm1": "_expm1", "math.log": "_log", "math.log1p": "_log1p",
    "math.log2": "_log2", "math.log10": "_log10", "math.sin": "_sin", "math.cos": "_cos", "math.tanh": "math.tanh",
    "math.atan": "math.atan", "math.fabs": "math.fabs", "float": "float",
}  # fmt: skip
_INTEGERS = {"math.floor": "_floor", "math.ceil": "_ceil", "len": "len"}
_WHOLE = {
    **dict.fromkeys(("_copy", "_slice", "_compress", "_put_slice", "_fill_slice", "_put_mask"), Kind.FLOATS),
    **dict.fromkeys(("_fill_mask", "_cumsum", "_sort"), Kind.FLOATS),
    **dict.fromkeys(("_sign", "_floors", "_ceils"), Kind.FLOAT),
    **dict.fromkeys(("_sum", "_prod", "_dot", "_mean", "_var", "_median", "_min", "_max"), Kind.FLOAT),
    **dict.fromkeys(("_same", "_argmin", "_argmax", "_count_nonzero"), Kind.INT),
    **dict.fromkeys(("_any", "_all"), Kind.TRUTH),
}
_BOUNDED = {"_slice", "_put_slice", "_fill_slice"}
"""The functions of which the second and third argument are the bounds of a slice."""
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Div: "_div", ast.FloorDiv: "_floordiv", ast.Mod: "_mod", ast.Pow: "_pow"
}  # fmt: skip


class Untranslatable(ValueError):
    """The program uses something that has no translation to plain Python; says what."""


@dataclass(frozen=True, slots=True)
class Value:
    """A rewritten expression and the kind of its value."""

    node: ast.expr
    kind: Kind

    def as_(self, wanted: Kind) -> ast.expr:
        """The expression, made a float where one is wanted and it is none."""
        if wanted is not Kind.FLOAT or self.kind not in WHOLE:
            return self.node
        if isinstance(self.node, ast.Constant) and isinstance(self.node.value, int):
            return ast.Constant(float(self.node.value))
        return call("float", self.node)


Helper = Callable[[str, tuple[Kind, ...]], tuple[str, Kind]]
"""The name and result of a version of one of the program's functions, by its name and the kinds of the arguments."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """Rewrites the expressions at one place of a function."""

    env: Env
    helper: Helper
    helpers: frozenset[str]
    counters: frozenset[str]  # names that only small integers are assigned to
    refused: list[str]  # gets what is no integer where one is wanted, with its line

    def value(self, node: ast.expr) -> Value:
        """The expression rewritten. Raises Untranslatable."""
        if isinstance(node, ast.Constant) and (number := constant(node)) is not None:
            return Value(node, kind_of_number(number))
        if isinstance(node, ast.Name):
            return Value(ast.Name(node.id, ast.Load()), self.env[node.id])
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            value = self.binary(node.op, self.value(node.left), self.value(node.right), self._bound(node))
            return value if isinstance(value.node, ast.BinOp) else _folded(node) or value
        if isinstance(node, ast.Compare):
            return Value(self._comparison(node), Kind.TRUTH)
        if isinstance(node, ast.BoolOp):
            kind = join(*(self.value(part).kind for part in _results(node)))
            return Value(self._boolean(node, kind), kind)
        if isinstance(node, ast.IfExp):
            (body, orelse), kind = self._joined([node.body, node.orelse])
            return Value(ast.IfExp(self.value(node.test).node, body, orelse), kind)
        if isinstance(node, ast.Subscript):
            array = self.value(node.value)
            return Value(
                ast.Subscript(array.node, self.whole(node.slice, "an index"), ast.Load()), ELEMENTS[array.kind]
            )
        if isinstance(node, ast.Call):
            return self._call(node)
        raise Untranslatable(f"{type(node).__name__} has no translation to plain Python")

    def whole(self, node: ast.expr, what: str) -> ast.expr:
        """An expression rewritten where an integer is wanted; one that is none does not compile and is noted."""
        value = self.value(node)
        if value.kind is not Kind.INT:
            kind = "a truth value" if value.kind is Kind.TRUTH else "a float"
            self.refused.append(f"line {node.lineno}: {what} must be an integer, this is {kind}")
        return value.node

    def binary(self, operator: ast.operator, left: Value, right: Value, bound: int | None) -> Value:
        """Division, powers, and whatever integers of 64 bits may not hold; `bound` is the largest absolute value."""
        name = _OPERATORS.get(type(operator))
        kind = Kind.FLOAT if isinstance(operator, ast.Div) else join(Kind.INT, left.kind, right.kind)
        plain = ast.BinOp(left.node, operator, right.node)
        if name is None:
            fits = kind is Kind.FLOAT or (bound is not None and bound <= _SMALL)
            return Value(plain if fits else call("_int64", plain), kind)
        small = left.kind is Kind.FLOAT or self._small(left.node)
        if not isinstance(operator, ast.Pow) and small and _nonzero(right.node):
            return Value(plain, kind)
        return Value(call(name, left.node, right.node), kind)

    def _unary(self, node: ast.UnaryOp) -> Value:
        """Minus the smallest integer is itself."""
        operand = self.value(node.operand)
        plain = ast.UnaryOp(node.op, operand.node)
        if isinstance(node.op, ast.Not):
            return Value(plain, Kind.TRUTH)
        fits = operand.kind is Kind.FLOAT or isinstance(node.op, ast.UAdd) or self._small(node.operand)
        return Value(plain if fits else call("_int64", plain), join(Kind.INT, operand.kind))

    def _comparison(self, node: ast.Compare) -> ast.expr:
        """An integer beside a float becomes one: Python would compare them exactly."""
        operands = [self.value(operand) for operand in (node.left, *node.comparators)]
        exact = [
            (one.kind in WHOLE) is (other.kind in WHOLE)
            or all(v.kind is Kind.FLOAT or self._small(v.node) for v in (one, other))
            for one, other in itertools.pairwise(operands)
        ]
        if all(exact):
            return ast.Compare(operands[0].node, node.ops, [v.node for v in operands[1:]])
        links: list[ast.expr] = []
        for comparison, (one, other) in zip(node.ops, itertools.pairwise(operands), strict=True):
            kind = join(one.kind, other.kind)
            links.append(ast.Compare(one.as_(kind), [comparison], [other.as_(kind)]))
        return links[0] if len(links) == 1 else ast.BoolOp(ast.And(), links)

    def _boolean(self, node: ast.expr, kind: Kind) -> ast.expr:
        """Operands of `and` and `or`, all of one kind."""
        if isinstance(node, ast.BoolOp):
            return ast.BoolOp(node.op, [self._boolean(value, kind) for value in node.values])
        return self.value(node).as_(kind)

    def _joined(self, nodes: Sequence[ast.expr]) -> tuple[list[ast.expr], Kind]:
        """Expressions of which one is taken, and the kind that all of them get."""
        values = [self.value(node) for node in nodes]
        kind = join(*(v.kind for v in values))
        return [v.as_(kind) for v in values], kind

    def _call(self, node: ast.Call) -> Value:
        name = ast.unparse(node.func)
        if name in self.helpers:
            arguments = [self.value(argument) for argument in node.args]
            version, kind = self.helper(name, tuple(a.kind for a in arguments))
            return Value(call(version, *(a.node for a in arguments)), kind)
        if name in ("min", "max"):
            nodes, kind = self._joined(node.args)
            return Value(call(name, *nodes), kind)
        if name in CONSTRUCTORS:
            length = self.whole(node.args[0], "the length of an array")
            return Value(call(CONSTRUCTORS[name], length, *(self.value(a).node for a in node.args[1:])), Kind.FLOATS)
        if name in _BOUNDED:
            array, low, high, *new = node.args
            bounds = [self.whole(bound, "the bound of a slice") for bound in (low, high)]
            return Value(call(name, self.value(array).node, *bounds, *(self.value(n).node for n in new)), _WHOLE[name])
        values = [self.value(argument) for argument in node.args]
        nodes = [v.node for v in values]
        if name == "abs":
            fits = values[0].kind is Kind.FLOAT or self._small(node.args[0])
            return Value(
                call("abs", *nodes) if fits else call("_int64", call("abs", *nodes)), join(Kind.INT, values[0].kind)
            )
        if name == "math.pow":
            return Value(call("_pow", values[0].as_(Kind.FLOAT), nodes[1]), Kind.FLOAT)
        if name in _WHOLE:
            return Value(call(name, *nodes), _WHOLE[name])
        if name in _INTEGERS:
            return Value(call(_INTEGERS[name], *nodes), Kind.INT)
        if name in _FLOATS:
            return Value(call(_FLOATS[name], *nodes), Kind.FLOAT)
        raise Untranslatable(f"`{name}` has no translation to plain Python")

    def _small(self, node: ast.expr) -> bool:
        bound = self._bound(node)
        return bound is not None and bound <= _SMALL

    def _bound(self, node: ast.expr) -> int | None:
        """The largest absolute value of an integer expression, where it is evident."""
        if isinstance(node, ast.Constant):
            return abs(node.value) if isinstance(node.value, int) else None
        if isinstance(node, ast.Name):
            return _SMALL // 2**10 if node.id in self.counters else None
        if isinstance(node, ast.UnaryOp):
            return 1 if isinstance(node.op, ast.Not) else self._bound(node.operand)
        if isinstance(node, ast.Compare):
            return 1
        if isinstance(node, ast.BinOp):
            left, right = self._bound(node.left), self._bound(node.right)
            if left is None or right is None or isinstance(node.op, ast.Pow):
                return None
            return left * right if isinstance(node.op, ast.Mult) else left + right
        return 2**32 if isinstance(node, ast.Call) and ast.unparse(node.func) == "len" else None


def kind_of_number(number: Number) -> Kind:
    """The kind of a literal's value."""
    return Kind.FLOAT if isinstance(number, float) else Kind.TRUTH if isinstance(number, bool) else Kind.INT


def _results(node: ast.expr, truth: bool | None = None) -> list[ast.expr]:
    """What the value of `and` and `or` can be, where it is true, or false (None: either).

    In `a and b or c` it is never `a`: Python jumps from there to `c`.
    """
    if not isinstance(node, ast.BoolOp):
        return [node]
    ends_early = isinstance(node.op, ast.Or)
    early = [] if truth is (not ends_early) else [r for v in node.values[:-1] for r in _results(v, ends_early)]
    return early + _results(node.values[-1], truth)


def _folded(node: ast.BinOp) -> Value | None:
    """Arithmetic on literals, which Python computes before anything is compiled: `10 ** -2` is 0.01, not 0."""
    number = constant(node)
    if number is None or math.isnan(number):
        return None
    made: ast.expr = ast.Constant(abs(number))
    if math.copysign(1.0, number) < 0.0:
        made = ast.UnaryOp(ast.USub(), made)
    return Value(made, kind_of_number(number))


def call(name: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function by its (possibly dotted) name."""
    module, _, attribute = name.rpartition(".")
    function: ast.expr = ast.Name(attribute, ast.Load())
    if module:
        function = ast.Attribute(ast.Name(module, ast.Load()), attribute, ast.Load())
    return ast.Call(function, list(arguments), [])


def _nonzero(node: ast.expr) -> bool:
    number = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(number, ast.Constant) and not isinstance(number.value, bool) and bool(number.value)
