"""Floating literals as parameters: lift them into a vector `theta`, write tuned values back into the source.

Lifted are floating literals in function bodies and module-level floating constants that functions use. Never lifted are
integers, exponents (the right side of `**`, the second argument of `pow`) and anything inside an index, because there a
small change of value changes what the program means, or whether it compiles.
"""

import ast
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from heuresis.sandbox.parsing import parse

MAX_LITERALS = 64
"""At most this many literals are lifted, in source order; the rest stay as they are."""

_POWERS = {"pow", "math.pow", "np.power", "numpy.power"}


def lift_literals(source: str) -> tuple[str, NDArray[np.float64]]:
    """Return the source with its floating literals replaced by `theta[i]`, and their values (`theta0`, 1-D).

    The lifted program decides the same under `theta0` as the original. A program with local names `theta` has them
    renamed. Raises SyntaxError where the source does not parse.
    """
    tree = free_theta(parse(source))
    lifter = _Literals(tree, lambda index, _: _theta_at(index), constants_in_place=False)
    lifted = ast.fix_missing_locations(lifter.visit(tree))
    return ast.unparse(lifted), np.array(lifter.values, dtype=np.float64)


def write_literals(source: str, theta: NDArray[np.float64]) -> str:
    """Return the source with the values of `theta` in place of the literals that `lift_literals` would lift.

    Values are written with six significant digits. Raises ValueError where the length differs from the number of
    literals or a value is not finite.
    """
    if not np.all(np.isfinite(theta)):
        raise ValueError(f"constants must be finite, got {theta.tolist()}")
    tree = parse(source)
    writer = _Literals(
        tree, lambda index, _: _number(float(theta[index]) if index < len(theta) else 0.0), constants_in_place=True
    )
    written = ast.fix_missing_locations(writer.visit(tree))
    if len(writer.values) != len(theta):
        raise ValueError(f"the program has {len(writer.values)} literals to write, got {len(theta)} values")
    return ast.unparse(written)


def free_theta(tree: ast.Module) -> ast.Module:
    """Rename the program's own uses of the name `theta`, where it binds one, so that the parameter can be added."""
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    bound |= {f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
    if "theta" not in bound:
        return tree
    used = bound | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    fresh = next(name for name in (f"theta_{i}" for i in range(len(used) + 1)) if name not in used)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "theta":
            node.id = fresh
        elif isinstance(node, ast.arg | ast.keyword) and node.arg == "theta":
            node.arg = fresh
        elif isinstance(node, ast.FunctionDef) and node.name == "theta":
            node.name = fresh
    return tree


def _theta_at(index: int) -> ast.expr:
    return ast.Subscript(ast.Name("theta", ast.Load()), ast.Constant(index), ast.Load())


def _number(value: float) -> ast.expr:
    """A literal of six significant digits; a negative one as minus a positive, so that precedence stays right."""
    value = float(f"{value:.6g}")
    if math.copysign(1.0, value) < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _literal(node: ast.AST) -> float | None:
    """The value of a floating literal or of minus one, else None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and math.isfinite(node.value):
        return node.value
    return None


class _Literals(ast.NodeTransformer):
    """Visits the literals to lift in a fixed order and replaces each by what `replace(index, value)` makes."""

    def __init__(
        self, tree: ast.Module, replace: Callable[[int, float], ast.expr], *, constants_in_place: bool
    ) -> None:
        self.values: list[float] = []
        self._replace = replace
        self._in_place = constants_in_place  # write module constants where they are defined, not where they are used
        self._kept = 0  # depth of exponents and indices, inside which nothing is lifted
        self._inside = False  # a function
        self._local: set[str] = set()
        self._constants = _liftable_constants(tree)
        self._index: dict[str, int] = {}

    def _take(self, value: float) -> int | None:
        if len(self.values) >= MAX_LITERALS:
            return None
        self.values.append(value)
        return len(self.values) - 1

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Constants first, so that their order does not depend on where they are used."""
        for statement in node.body:
            assigned = _assigned_constant(statement)
            if assigned is None or assigned[0] not in self._constants:
                continue
            name, value = assigned
            index = self._take(value)
            if index is not None:
                self._index[name] = index
                if self._in_place and isinstance(statement, ast.Assign | ast.AnnAssign):
                    statement.value = self._replace(index, value)
        node.body = [self.visit(s) if isinstance(s, ast.FunctionDef) else s for s in node.body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Only bodies hold literals to lift; names bound in the function hide module constants."""
        self._local = _bound_names(node)
        self._inside = True
        node.body = [self.visit(statement) for statement in node.body]
        self._inside = False
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """A floating literal of a function body."""
        return self._lift(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Minus a floating literal is one literal."""
        return self._lift(node) if _literal(node) is not None else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A module constant used in a function."""
        if self._in_place or self._kept or not isinstance(node.ctx, ast.Load) or node.id in self._local:
            return node
        index = self._index.get(node.id)
        return node if index is None else self._replace(index, self.values[index])

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Exponents stay as they are."""
        node.left = self.visit(node.left)
        node.right = self._keep(node.right) if isinstance(node.op, ast.Pow) else self.visit(node.right)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Exponents stay as they are, also in `x **= 0.5`."""
        node.target = self.visit(node.target)
        node.value = self._keep(node.value) if isinstance(node.op, ast.Pow) else self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The second argument of a power is an exponent."""
        power = ast.unparse(node.func) in _POWERS
        node.args = [self._keep(a) if power and i == 1 else self.visit(a) for i, a in enumerate(node.args)]
        node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Indices stay as they are."""
        node.value = self.visit(node.value)
        node.slice = self._keep(node.slice)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """An annotation holds no literal to lift."""
        node.value = None if node.value is None else self.visit(node.value)
        return node

    def _keep(self, node: ast.expr) -> ast.expr:
        self._kept += 1
        kept: ast.expr = self.visit(node)
        self._kept -= 1
        return kept

    def _lift(self, node: ast.Constant | ast.UnaryOp) -> ast.AST:
        value = _literal(node)
        if value is None or self._kept or not self._inside:
            return node
        index = self._take(value)
        return node if index is None else self._replace(index, value)


def _assigned_constant(statement: ast.stmt) -> tuple[str, float] | None:
    """The name and the floating literal that a module-level statement assigns to it, if that is what it does."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    value = None if statement.value is None else _literal(statement.value)
    return None if value is None or not isinstance(target, ast.Name) else (target.id, value)


def _bound_names(function: ast.FunctionDef) -> set[str]:
    names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return names | {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}


def _liftable_constants(tree: ast.Module) -> frozenset[str]:
    """Module-level floating constants, assigned once, that functions use and never as an exponent or index."""
    assigned = [found[0] for found in map(_assigned_constant, tree.body) if found is not None]
    stored = [n.id for s in tree.body if not isinstance(s, ast.FunctionDef) for n in ast.walk(s)
              if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]  # fmt: skip
    read_by_module = {n.id for s in tree.body if not isinstance(s, ast.FunctionDef) for n in ast.walk(s)
                      if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}  # fmt: skip
    used: set[str] = set()
    kept: set[str] = set()
    for function in (s for s in tree.body if isinstance(s, ast.FunctionDef)):
        local = _bound_names(function)
        used |= _loads(function) - local
        for node in ast.walk(function):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                kept |= _loads(node.right) - local
            elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Pow):
                kept |= _loads(node.value) - local
            elif isinstance(node, ast.Subscript):
                kept |= _loads(node.slice) - local
            elif isinstance(node, ast.Call) and len(node.args) > 1 and ast.unparse(node.func) in _POWERS:
                kept |= _loads(node.args[1]) - local
    return frozenset(n for n in assigned if n in used and n not in kept | read_by_module and stored.count(n) == 1)


def _loads(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
