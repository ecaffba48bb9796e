"""Ordinary Python brought into the one form that the screen checks: no docstrings, annotations, imports or aliases."""

import ast
import math
from typing import TypeVar

from heuresis.sandbox.screen import whole_calls
from heuresis.sandbox.screen.allow import CONSTRUCTORS, AllowList, ScreenError
from heuresis.sandbox.screen.whole_forms import of_call

_Node = TypeVar("_Node", bound=ast.AST)

_SCALARS = frozenset({"float", "int", "bool", "np.float64", "numpy.float64", "np.int64", "numpy.int64", "np.bool_"})
_ARRAYS = frozenset({"np.ndarray", "numpy.ndarray"})
_DTYPES = frozenset({"float", "np.float64", "numpy.float64"})
_INT64_LIMIT = 2**63
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf}
_SAME = {
    "maximum": "max",
    "fmax": "max",
    "minimum": "min",
    "fmin": "min",
    "abs": "abs",
    "absolute": "abs",
    "float64": "float",
    "power": "math.pow",
    "float_power": "math.pow",
    "arctan": "math.atan",
}
"""Functions of numpy, and what they are called here when applied to scalars; the others keep their name in `math`."""


def normalise(tree: ast.Module, allow: AllowList) -> ast.Module:
    """Strip docstrings, annotations of numbers and arrays and allowed imports; write each allowed call by its own name.

    `from math import exp` and `np.exp` both become `math.exp`, `np.maximum` becomes `max`, `math.pi` a literal. Where
    there are arrays, `a.size` and `a.shape[0]` become `len(a)`, and `np.full(n, 1)`, which would be an array of
    integers, `np.full(n, 1.0)`. What is not understood stays as it is, for the rules to judge. Raises ScreenError at an
    import that is not allowed.
    Recursion is bounded by the caps checked before.
    """
    imported = {}
    body: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            _check_import(statement, allow)
        elif isinstance(statement, ast.ImportFrom):
            imported.update(_names_from(statement, allow))
        else:
            body.append(statement)
    for node in ast.walk(ast.Module(body, [])):
        bound = _bound_name(node)
        if bound in imported:
            raise error_at(node, f"`{bound}` hides the imported `{imported[bound]}`: choose another name")
    normal: ast.Module = _Normaliser(imported, allow).visit(ast.Module(body, []))
    return normal


def error_at(node: ast.AST, reason: str) -> ScreenError:
    """An error at the place of a node."""
    return ScreenError(reason, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)


def dotted(node: ast.expr | None) -> str | None:
    """`name` or `module.name` as text; None for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _check_import(statement: ast.Import, allow: AllowList) -> None:
    for alias in statement.names:
        name = alias.asname or alias.name
        if (name, alias.name) not in allow.modules:
            allowed = ", ".join(f"`import {m}`" if n == m else f"`import {m} as {n}`" for n, m in allow.modules)
            raise error_at(statement, f"this import is not allowed; allowed are {allowed or 'none'}")


def _names_from(statement: ast.ImportFrom, allow: AllowList) -> dict[str, str]:
    """The names that `from module import …` binds, with the dotted names that they stand for."""
    module = statement.module or ""
    if module == "__future__" and [a.name for a in statement.names] == ["annotations"]:
        return {}
    known = {m: n for n, m in reversed(allow.modules)}
    if statement.level or module not in known or any(a.name == "*" for a in statement.names):
        raise error_at(statement, "this import is not allowed: import single functions of math, or `import math`")
    return {alias.asname or alias.name: f"{known[module]}.{alias.name}" for alias in statement.names}


def _bound_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, ast.FunctionDef) else None


class _Normaliser(ast.NodeTransformer):
    """Rewrites one tree."""

    def __init__(self, imported: dict[str, str], allow: AllowList) -> None:
        self._imported, self._calls, self._arrays = imported, allow.calls, allow.has_arrays
        self._whole = allow.has_whole_arrays
        self._kinds = _SCALARS | _ARRAYS if allow.has_arrays else _SCALARS

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """A module may become empty."""
        return ast.Module(self._statements(node.body), [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Drop the annotations of parameters and result."""
        if _states_kind(node.returns, self._kinds):
            node.returns = None
        for argument in node.args.args:
            if _states_kind(argument.annotation, self._kinds):
                argument.annotation = None
        node.type_comment = None
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Drop strings that stand alone as statements, everywhere."""
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                kept = self._statements(block)
                setattr(node, name, kept or [ast.copy_location(ast.Pass(), block[0])] if name == "body" else kept)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
            elif isinstance(value, list) and name not in ("body", "orelse"):
                value[:] = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
        return node

    def _statements(self, block: list[ast.stmt]) -> list[ast.stmt]:
        kept: list[ast.stmt] = []
        for statement in block:
            if _is_text(statement) or _is_declaration(statement, self._kinds):
                continue
            kept.append(self.visit(statement))
        return kept

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """`x: float = 1.0` is `x = 1.0`."""
        self.generic_visit(node)
        if node.value is None or not _states_kind(node.annotation, self._kinds):
            return node
        return _at(ast.Assign([node.target], node.value), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name that an import bound."""
        if node.id in self._imported and isinstance(node.ctx, ast.Load):
            return self._resolved(node, self._imported[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """A function or constant of a module under another name."""
        name = dotted(node)
        if name is None:
            return self.generic_visit(node)
        module, _, attribute = name.partition(".")
        if self._arrays and attribute == "size" and module not in ("math", "np", "numpy"):
            return _length(node.value, node)
        return self._resolved(node, name)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`a.shape[0]` is `len(a)`."""
        shape = node.value if isinstance(node.value, ast.Attribute) and node.value.attr == "shape" else None
        first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
        if self._arrays and shape is not None and isinstance(shape.value, ast.Name) and first:
            return _length(shape.value, node)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`pow(x, y)` is `x ** y`; arrays are of float64, and their methods functions."""
        if self._whole:
            name = dotted(node.func)
            changed = of_call(node, self._imported.get(name or "", name))
            if not isinstance(changed, ast.Call):
                return self.generic_visit(changed)
            node = changed
        self.generic_visit(node)
        if self._arrays and dotted(node.func) in CONSTRUCTORS:
            return _of_floats(node)
        plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        if dotted(node.func) != "pow" or "pow" in self._calls or not plain or len(node.args) != 2:
            return node
        return _at(ast.BinOp(node.args[0], ast.Pow(), node.args[1]), node)

    def _resolved(self, node: ast.expr, name: str) -> ast.expr:
        """The node under the name that the allow-list knows; unchanged where there is none."""
        module, _, attribute = name.partition(".")
        if module in ("math", "np", "numpy") and name not in self._calls:
            if attribute in _CONSTANTS:
                return _at(ast.Constant(_CONSTANTS[attribute]), node)
            if self._arrays and f"np.{attribute}" in CONSTRUCTORS:
                name = f"np.{attribute}"
            elif self._whole and module != "math" and (same := whole_calls.of_numpy(attribute)):
                name = same
            elif module != "math":
                same = _SAME.get(attribute, f"math.{attribute}")
                name = same if same in self._calls else name
        module, _, attribute = name.partition(".")
        if not attribute:
            return _at(ast.Name(name, ast.Load()), node)
        return _at(ast.Attribute(_at(ast.Name(module, ast.Load()), node), attribute, ast.Load()), node)


def _at(new: _Node, old: ast.AST) -> _Node:
    return ast.copy_location(new, old)


def _length(array: ast.expr, node: ast.expr) -> ast.expr:
    return _at(ast.Call(_at(ast.Name("len", ast.Load()), node), [array], []), node)


def _of_floats(node: ast.Call) -> ast.Call:
    """The constructor of an array without the type, which is always float64, and with a floating value."""
    node.keywords = [k for k in node.keywords if k.arg != "dtype" or dotted(k.value) not in _DTYPES]
    if len(node.args) == CONSTRUCTORS[dotted(node.func) or ""] + 1 and dotted(node.args[-1]) in _DTYPES:
        node.args.pop()
    if dotted(node.func) == "np.full" and len(node.args) == CONSTRUCTORS["np.full"]:
        value = node.args[1]
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            if value.value < _INT64_LIMIT:  # the rules refuse larger ones
                node.args[1] = _at(ast.Constant(float(value.value)), value)
        elif not (isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and dotted(value.func) == "float")):
            node.args[1] = _at(ast.Call(_at(ast.Name("float", ast.Load()), value), [value], []), value)
    return node


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a string that stands alone, such as a docstring."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)


def _is_declaration(statement: ast.stmt, kinds: frozenset[str]) -> bool:
    """Whether a statement only states a type, such as `x: float`."""
    return (
        isinstance(statement, ast.AnnAssign) and statement.value is None and _states_kind(statement.annotation, kinds)
    )


def _states_kind(annotation: ast.expr | None, kinds: frozenset[str]) -> bool:
    if isinstance(annotation, ast.Constant):
        return annotation.value in kinds
    return dotted(annotation) in kinds
