"""A screened program rewritten so that plain Python computes what the compiled program computes.

Only operations on which the two differ become calls of helpers (`arithmetic.py`); everything else stays as written.
"""

import ast
import builtins
import inspect
from collections.abc import Callable

from heuresis.archive.export import arithmetic
from heuresis.archive.export.kinds import Kind, Kinds
from heuresis.evaluators.contract import Contract

_SMALL = 2**53
_CALLS = {
    "math.sqrt": "_sqrt", "math.exp": "_exp", "math.expm1": "_expm1", "math.log": "_log", "math.log1p": "_log1p",
    "math.log2": "_log2", "math.log10": "_log10", "math.pow": "_pow", "math.sin": "_sin", "math.cos": "_cos",
    "math.floor": "_floor", "math.ceil": "_ceil",
}  # fmt: skip
_SAME = {"abs", "min", "max", "float", "range", "math.tanh", "math.atan", "math.fabs"}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Div: "_div",
    ast.FloorDiv: "_floordiv",
    ast.Mod: "_mod",
    ast.Pow: "_pow",
}
_NEEDS = {"_floordiv": ("_div",), "_pow": ("_power",), "_power": ("_int64",)}


class Untranslatable(ValueError):
    """The program uses something that this exporter has no translation for; says what."""


def rewrite(source: str, contract: Contract, reserved: frozenset[str] = frozenset()) -> ast.Module:
    """The program of screened source, with the contract's defaults for optional functions it does not define.

    Module-level names that are `reserved`, or builtins of Python, get a trailing underscore. Raises Untranslatable.
    """
    tree = ast.parse(source)
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for function in contract.functions:
        if function.name not in defined and function.default is not None:
            body = "\n".join("    " + line for line in function.default.splitlines())
            tree.body += ast.parse(f"{function.signature}:\n{body}\n").body
    kinds = Kinds(tree, contract)
    rewritten: ast.Module = _Rewriter(tree, kinds).visit(tree)
    _rename(rewritten, contract, reserved | frozenset(dir(builtins)))
    return ast.fix_missing_locations(rewritten)


def helpers_of(tree: ast.Module) -> dict[str, Callable[..., float]]:
    """The helpers that a rewritten program uses, directly or through others, in the order of their definition."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id.startswith("_")}
    while more := {need for name in used for need in _NEEDS.get(name, ())} - used:
        used |= more
    return {name: f for name, f in vars(arithmetic).items() if name in used and inspect.isfunction(f)}


def helper_source(helper: Callable[..., float]) -> str:
    """The text of a helper, as it stands in `arithmetic.py`."""
    return inspect.getsource(helper).rstrip()


def _rename(tree: ast.Module, contract: Contract, taken: frozenset[str]) -> None:
    fixed = {f.name for f in contract.functions}
    mine = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    mine |= {t.id for s in tree.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | mine
    used |= {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    new: dict[str, str] = {}
    for name in sorted((mine & taken) - fixed):
        fresh = name + "_"
        while fresh in used | taken:
            fresh += "_"
        new[name] = fresh
    # The screen lets no local hide a module-level name, so that a name means the same everywhere.
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in new:
            node.id = new[node.id]
        elif isinstance(node, ast.FunctionDef) and node.name in new:
            node.name = new[node.name]


class _Rewriter(ast.NodeTransformer):
    """Rewrites one function after the other; `_function` names the one being rewritten."""

    def __init__(self, tree: ast.Module, kinds: Kinds) -> None:
        self._kinds, self._function = kinds, ""
        self._own = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        self._counters: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Every function of the program."""
        self._function = node.name
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        loops = [n for n in ast.walk(node) if isinstance(n, ast.For) and _starts_small(n.iter)]
        counted = [n.target.id for n in loops if isinstance(n.target, ast.Name)]
        self._counters = {name for name in counted if stored.count(name) == counted.count(name)}
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """A variable that is ever a float is always one."""
        if not self._function:
            return node  # a constant of the module
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                node.value.elts = [self._as(value, self._kind(name)) for name, value in pairs]
        if not isinstance(node.value, ast.Tuple):
            wanted = {self._kind(target) for target in node.targets}
            node.value = self._as(node.value, wanted.pop() if len(wanted) == 1 else Kind.ANY)
        else:
            node.value.elts = [self._rewritten(value) for value in node.value.elts]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`x += y` as `x = x + y` where the operation is rewritten."""
        name = ast.unparse(node.target)
        whole = ast.BinOp(ast.Name(name, ast.Load()), node.op, node.value)
        assigned = ast.Assign([ast.Name(name, ast.Store())], whole)
        plain = isinstance(node.op, ast.Add | ast.Sub | ast.Mult) and self._kind(whole) is Kind.FLOAT
        if plain:
            node.value = self._rewritten(node.value)
            return node
        return self.visit_Assign(assigned)

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """The contract's functions return floats."""
        if node.value is not None:
            wanted = Kind.FLOAT if self._function in self._kinds.contracted else Kind.ANY
            node.value = self._as(node.value, wanted)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Division, powers, and whatever integers of 64 bits may not hold."""
        kind, bound = self._kind(node), self._bound(node)
        divides = isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
        safe = divides and _nonzero(node.right) and (self._kind(node.left) is Kind.FLOAT or self._small(node.left))
        left, right = self._rewritten(node.left), self._rewritten(node.right)
        name = _OPERATORS.get(type(node.op))
        if name is None or safe:
            plain = ast.BinOp(left, node.op, right)
            fits = kind is Kind.FLOAT or name is not None or (bound is not None and bound <= _SMALL)
            return plain if fits else _call("_int64", plain)
        return _call(name, left, right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Minus the smallest integer is itself."""
        whole = isinstance(node.op, ast.USub) and self._kind(node) is not Kind.FLOAT and not self._small(node.operand)
        node.operand = self._rewritten(node.operand)
        return _call("_int64", node) if whole else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Both branches have one kind."""
        kind = self._kind(node)
        node.test = self._rewritten(node.test)
        node.body, node.orelse = self._as(node.body, kind), self._as(node.orelse, kind)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """All operands have one kind."""
        kind = self._kind(node)
        node.values = [self._as(value, kind) for value in node.values]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Functions of `math` that raise become helpers."""
        name = ast.unparse(node.func)
        kind = self._kind(node)
        small = name == "abs" and self._small(node.args[0])
        if name in ("min", "max"):
            node.args = [self._as(argument, kind) for argument in node.args]
        else:
            node.args = [self._rewritten(argument) for argument in node.args]
        if name in _CALLS:
            return _call(_CALLS[name], *node.args) if name != "math.pow" else _call("float", _call("_pow", *node.args))
        if name not in _SAME and name not in self._own:
            raise Untranslatable(f"`{name}` has no translation to plain Python")
        return _call("_int64", node) if name == "abs" and kind is not Kind.FLOAT and not small else node

    def _rewritten(self, node: ast.expr) -> ast.expr:
        rewritten: ast.expr = self.visit(node)
        return rewritten

    def _kind(self, node: ast.expr) -> Kind:
        return self._kinds.of(node, self._function)

    def _as(self, node: ast.expr, wanted: Kind) -> ast.expr:
        """The expression rewritten, as a float where one is wanted and it may be none."""
        kind = self._kind(node)
        rewritten = self._rewritten(node)
        if wanted is not Kind.FLOAT or kind is Kind.FLOAT:
            return rewritten
        if isinstance(rewritten, ast.Constant) and isinstance(rewritten.value, int):
            return ast.Constant(float(rewritten.value))
        return _call("float", rewritten)

    def _small(self, node: ast.expr) -> bool:
        bound = self._bound(node)
        return bound is not None and bound <= _SMALL

    def _bound(self, node: ast.expr) -> int | None:
        """The largest absolute value of an integer expression, where it is evident."""
        if isinstance(node, ast.Constant):
            return abs(node.value) if isinstance(node.value, int) else None
        if isinstance(node, ast.Name):
            return _SMALL // 2**10 if node.id in self._counters else None
        if isinstance(node, ast.UnaryOp):
            return 1 if isinstance(node.op, ast.Not) else self._bound(node.operand)
        if isinstance(node, ast.Compare):
            return 1
        if isinstance(node, ast.BinOp):
            left, right = self._bound(node.left), self._bound(node.right)
            if left is not None and right is not None:
                return left * right if isinstance(node.op, ast.Mult) else left + right
        return None


def _starts_small(iterated: ast.expr) -> bool:
    """Whether a range starts at a literal: counting far from there takes longer than any run."""
    if not isinstance(iterated, ast.Call) or len(iterated.args) > 2:
        return False
    return len(iterated.args) == 1 or isinstance(iterated.args[0], ast.Constant)


def _nonzero(node: ast.expr) -> bool:
    number = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(number, ast.Constant) and not isinstance(number.value, bool) and bool(number.value)


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
