"""Ordinary Python brought into the one form that the screen checks: no docstrings, annotations, imports or aliases."""

import ast
import math
from typing import TypeVar

from heuresis.sandbox.allow import AllowList, ScreenError

_Node = TypeVar("_Node", bound=ast.AST)

_SCALARS = frozenset({"float", "int", "bool", "np.float64", "numpy.float64", "np.int64", "numpy.int64", "np.bool_"})
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
    """Strip docstrings, scalar annotations and allowed imports; write each allowed call under its own name.

    `from math import exp` and `np.exp` both become `math.exp`, `np.maximum` becomes `max`, `math.pi` a literal. What is
    not understood stays as it is, for the rules to judge. Raises ScreenError at an import that is not allowed.
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
    normal: ast.Module = _Normaliser(imported, allow.calls).visit(ast.Module(body, []))
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

    def __init__(self, imported: dict[str, str], calls: frozenset[str]) -> None:
        self._imported, self._calls = imported, calls

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """A module may become empty."""
        return ast.Module(self._statements(node.body), [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Drop the annotations of parameters and result."""
        if _is_scalar(node.returns):
            node.returns = None
        for argument in node.args.args:
            if _is_scalar(argument.annotation):
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
            if _is_text(statement) or _is_declaration(statement):
                continue
            kept.append(self.visit(statement))
        return kept

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """`x: float = 1.0` is `x = 1.0`."""
        self.generic_visit(node)
        if node.value is None or not _is_scalar(node.annotation):
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
        return self.generic_visit(node) if name is None else self._resolved(node, name)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`pow(x, y)` is `x ** y`."""
        self.generic_visit(node)
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
            if module != "math":
                same = _SAME.get(attribute, f"math.{attribute}")
                name = same if same in self._calls else name
        module, _, attribute = name.partition(".")
        if not attribute:
            return _at(ast.Name(name, ast.Load()), node)
        return _at(ast.Attribute(_at(ast.Name(module, ast.Load()), node), attribute, ast.Load()), node)


def _at(new: _Node, old: ast.AST) -> _Node:
    return ast.copy_location(new, old)


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a string that stands alone, such as a docstring."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)


def _is_declaration(statement: ast.stmt) -> bool:
    """Whether a statement only states a scalar type, such as `x: float`."""
    return isinstance(statement, ast.AnnAssign) and statement.value is None and _is_scalar(statement.annotation)


def _is_scalar(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Constant):
        return annotation.value in _SCALARS
    return dotted(annotation) in _SCALARS
