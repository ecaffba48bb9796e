"""Of what kind an expression is where programs compute with whole arrays: a number, an array of numbers, or a mask.

A mask is an array of truth values, made by a comparison. Arrays are of float64 and have one dimension.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from heuresis.sandbox.screen import whole_calls as calls
from heuresis.sandbox.screen.allow import CONSTRUCTORS
from heuresis.sandbox.screen.normalise import dotted, error_at


class Kind(StrEnum):
    """What an expression or a name is."""

    NUMBER = "number"
    ARRAY = "array"
    MASK = "mask"


Call = Callable[[ast.Call, Sequence[Kind]], Kind]
"""The kind of what one of the program's own functions returns, called with arguments of these kinds."""

BITWISE = (ast.BitAnd, ast.BitOr, ast.BitXor)
_STATEMENT = "compute it in a statement of its own before"


@dataclass(frozen=True, slots=True)
class Kinds:
    """Finds the kinds of expressions at one place of a function; `names` are those of the names that have a value."""

    names: Mapping[str, Kind]
    helper: Call
    helpers: frozenset[str]
    _known: dict[int, tuple[ast.expr, Kind]] = field(default_factory=dict)  # so that each node is looked at once

    def of(self, node: ast.expr) -> Kind:
        """The kind of an expression that passed the rules. Raises ScreenError where it has no meaning."""
        if id(node) not in self._known:
            self._known[id(node)] = node, self._found(node)
        return self._known[id(node)][1]

    def _found(self, node: ast.expr) -> Kind:
        if isinstance(node, ast.Name):
            return self.names.get(node.id, Kind.NUMBER)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self.binary(node, node.op, self.of(node.left), self.of(node.right))
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp | ast.IfExp):
            return self._conditional(node)
        if isinstance(node, ast.Subscript):
            return self._part(node)
        return self._call(node) if isinstance(node, ast.Call) else Kind.NUMBER

    def number(self, node: ast.expr, what: str, remedy: str) -> None:
        """Raise ScreenError where an expression is no number."""
        if self.of(node) is not Kind.NUMBER:
            raise error_at(node, f"{what} must be a number, this is an array: {remedy}")

    def computed(self, root: ast.AST) -> Iterator[ast.expr]:
        """The parts of a statement or expression that compute an array element by element."""
        for node in ast.walk(root):
            if is_elementwise(node) and isinstance(node, ast.expr) and self.of(node) is not Kind.NUMBER:
                yield node

    def _unary(self, node: ast.UnaryOp) -> Kind:
        kind = self.of(node.operand)
        if isinstance(node.op, ast.Invert):
            if kind is not Kind.MASK:
                raise error_at(node, "`~` is for masks such as `~(bins > 1)`")
            return kind
        if isinstance(node.op, ast.Not):
            self.number(node.operand, "the operand of `not`", "use `~` with a mask")
        elif kind is Kind.MASK:
            raise error_at(node, "a mask has no sign: use `~` to turn it round, or np.where(mask, 1.0, 0.0)")
        return kind

    def binary(self, node: ast.AST, operator: ast.operator, left: Kind, right: Kind) -> Kind:
        """The kind of an operation of two operands."""
        if isinstance(operator, BITWISE):
            if left is not Kind.MASK or right is not Kind.MASK:
                raise error_at(node, "`&`, `|` and `^` join masks: compare first, as in `(a > 1) & (a < 5)`")
            return Kind.MASK
        if left is Kind.MASK and right is Kind.MASK:
            raise error_at(node, "masks cannot be added or multiplied: join them with `&` and `|`, or use np.where")
        return Kind.NUMBER if left is right is Kind.NUMBER else Kind.ARRAY

    def _compare(self, node: ast.Compare) -> Kind:
        kinds = {self.of(part) for part in (node.left, *node.comparators)}
        if kinds == {Kind.NUMBER}:
            return Kind.NUMBER
        if len(node.ops) > 1:
            raise error_at(node, "a chained comparison is for numbers: write `(a < x) & (x < b)` with arrays")
        return Kind.MASK

    def _conditional(self, node: ast.BoolOp | ast.IfExp) -> Kind:
        parts = node.values if isinstance(node, ast.BoolOp) else [node.test, node.body, node.orelse]
        remedy = "use np.where, `&` or `|` with arrays, or an `if` statement"
        for part in parts:
            self.number(part, "each part of `and`, `or` and `x if y else z`", remedy)
        for part in parts[1:] if isinstance(node, ast.BoolOp) else [node.body, node.orelse]:
            for computed in self.computed(part):
                raise error_at(computed, f"an array cannot be computed inside a condition: {_STATEMENT}")
        return Kind.NUMBER

    def _part(self, node: ast.Subscript) -> Kind:
        """An element, a slice, or the elements that a mask chooses."""
        base = Kind.ARRAY if isinstance(node.value, ast.Name) and node.value.id == "theta" else self.of(node.value)
        if base is Kind.NUMBER:
            raise error_at(node, f"`{ast.unparse(node.value)}` is a number where an array is wanted")
        if isinstance(node.slice, ast.Slice):
            for bound in (node.slice.lower, node.slice.upper):
                if bound is not None:
                    self.number(bound, "the bound of a slice", "use an integer")
            return base
        index = self.of(node.slice)
        if index is Kind.ARRAY:
            raise error_at(node, "an array cannot be an index: use a mask, or a loop over range(...)")
        return Kind.NUMBER if index is Kind.NUMBER else base

    def _call(self, node: ast.Call) -> Kind:
        name = dotted(node.func) or ""
        kinds = [self.of(argument) for argument in node.args]
        if name in self.helpers:
            return self.helper(node, kinds)
        if (
            name == "len"
            or name in calls.REDUCTIONS
            or name == "np.dot"
            or (name in ("min", "max") and len(kinds) == 1)
        ):
            self._wants_arrays(node, name, kinds)
            return Kind.NUMBER
        if name in calls.MAKERS:
            self._wants_arrays(node, name, kinds)
            return kinds[0] if name == "np.copy" else Kind.ARRAY
        if name in CONSTRUCTORS or name == "np.arange":
            for argument in node.args:
                self.number(argument, f"the argument of `{name}`", "use its length or an element")
            return Kind.ARRAY
        if name in calls.ELEMENTWISE:
            return self._elementwise(node, name, kinds)
        if name == "abs" and kinds[0] is not Kind.MASK:
            return kinds[0]
        for argument in node.args:
            self.number(
                argument, f"the argument of `{name}`", _INSTEAD.get(name, f"use `np.{name.rpartition('.')[2]}`")
            )
        return Kind.NUMBER

    def _elementwise(self, node: ast.Call, name: str, kinds: Sequence[Kind]) -> Kind:
        if all(kind is Kind.NUMBER for kind in kinds):
            if name in calls.LOGICAL:
                raise error_at(node, f"`{name}` is for masks: use `and`, `or` and `not` with numbers")
            return Kind.NUMBER
        values = kinds[1:] if name == "np.where" else kinds
        if name in calls.LOGICAL:
            if any(kind is not Kind.MASK for kind in kinds):
                raise error_at(node, f"`{name}` joins masks: compare first, as in `a > 1`")
            return Kind.MASK
        if Kind.MASK in values:
            raise error_at(node, f"`{name}` takes no mask: write np.where(mask, 1.0, 0.0) first")
        return Kind.ARRAY

    @staticmethod
    def _wants_arrays(node: ast.Call, name: str, kinds: Sequence[Kind]) -> None:
        for argument, kind in zip(node.args, kinds, strict=True):
            if kind is Kind.NUMBER:
                raise error_at(argument, f"`{name}` takes an array, this is a number")


_INSTEAD = {
    "min": "use np.minimum", "max": "use np.maximum", "float": "arrays are of floats already",
    "math.fabs": "use np.abs", "math.pow": "use np.power", "math.atan": "use np.arctan",
}  # fmt: skip


def is_elementwise(node: ast.AST) -> bool:
    """Whether a node, where it is an array, is computed element by element from its parts."""
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        return name in {"abs", "np.arange"} or name in calls.ELEMENTWISE
    return isinstance(node, ast.UnaryOp | ast.BinOp | ast.Compare)


def is_view(node: ast.expr) -> bool:
    """Whether an array is (part of) one that has a name already."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice))
