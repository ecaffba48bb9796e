"""Reading programs that compute one expression, as a search or a person writes them."""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heuresis.evaluators.language.contract import Contract, Function
from heuresis.evaluators.language.expressions.indices import clips, index_names, linear, readable, written
from heuresis.evaluators.language.expressions.tree import MAX_SIZE, UNARY, Expr, const, read, share, whole
from heuresis.sandbox.parsing import parse

SHARE = """\
def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0
"""
"""How a program says a share of an array's sum."""

_FROM_AST: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_SHARE = ast.dump(parse(SHARE).body[0])
_NESTED = 4
"""Helper functions within helper functions that are followed."""

Scope = dict[str, Expr]


def from_source(source: str, contract: Contract) -> Expr | None:
    """The expression that a straight-line program computes, or None where it is more than an expression.

    Understood are assignments (substituted), `if`/`else` that return or assign, conditional expressions with one
    comparison, the operators and functions of `OPCODES`, elements of arrays at indices that cannot lie beyond their
    ends, and helper functions of that kind. Trees over MAX_SIZE nodes are not followed.
    """
    try:
        module = parse(source)
        functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
        main = functions[contract.main.name]
        if [a.arg for a in main.args.args] != [p.name for p in contract.main.parameters]:
            return None
        reader = _Reader(contract.main, functions)
        scope = {p.name: Expr(p.name) for p in contract.main.parameters}
        for node in module.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                scope[node.targets[0].id] = reader.convert(node.value, scope)
        tree = reader.body(main.body, scope)
    except (SyntaxError, ValueError, KeyError, OverflowError, RecursionError, _NotAnExpression):
        return None
    arrays = {p.name for p in contract.main.arrays}
    return None if tree is None or any(n.op in arrays for n in tree.walk()) else tree


class _NotAnExpression(Exception):
    """The program does more than compute one expression."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Converts the parts of one program. An array is the leaf of its name until it is read."""

    function: Function
    helpers: Mapping[str, ast.FunctionDef]
    depth: int = 0

    def body(self, statements: Sequence[ast.stmt], scope: Scope) -> Expr | None:
        """The returned expression, or None where the end is reached without one (`scope` then holds assignments)."""
        for position, statement in enumerate(statements):
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self.convert(statement.value, scope)
            if isinstance(statement, ast.If) and not _returns(statement):
                self._branches(statement, scope)
            elif isinstance(statement, ast.If):
                rest = statements[position + 1 :]
                a = self.body([*statement.body, *rest], dict(scope))
                b = self.body([*statement.orelse, *rest], dict(scope))
                if a is None or b is None:
                    raise _NotAnExpression
                return _small(self._conditional(statement.test, a, b, scope))
            elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):  # a docstring
                name, value = _assigned(statement)
                scope[name] = self.convert(value, scope)
        return None

    def _branches(self, statement: ast.If, scope: Scope) -> None:
        """Both branches only assign: what they give a name becomes a conditional expression, the rest stays one."""
        before, then, otherwise = dict(scope), dict(scope), dict(scope)
        self.body(statement.body, then)
        self.body(statement.orelse, otherwise)
        for name in [*then, *(n for n in otherwise if n not in then)]:
            if name not in then or name not in otherwise:
                scope.pop(name, None)  # unknown from here on
            elif then[name] != otherwise[name]:
                scope[name] = _small(self._chosen(statement.test, then[name], otherwise[name], before))
            else:
                scope[name] = then[name]

    def _chosen(self, test: ast.expr, then: Expr, otherwise: Expr, scope: Scope) -> Expr:
        """The one or the other; what one branch only adds or takes away is added or taken away under the condition."""
        zero = whole(0)
        if then.op in ("+", "-") and then.args[0] == otherwise:
            return Expr(then.op, (otherwise, self._conditional(test, then.args[1], zero, scope)))
        if otherwise.op in ("+", "-") and otherwise.args[0] == then:
            return Expr(otherwise.op, (then, self._conditional(test, zero, otherwise.args[1], scope)))
        return self._conditional(test, then, otherwise, scope)

    def _conditional(self, test: ast.expr, then: Expr, otherwise: Expr, scope: Scope) -> Expr:
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
            raise _NotAnExpression
        left, right = self.convert(test.left, scope), self.convert(test.comparators[0], scope)
        kind = type(test.ops[0])  # all but `<` and `>` are read as what is not so, NaN included
        if kind is ast.Lt:
            return Expr("if_less", (left, right, then, otherwise))
        if kind is ast.Gt:
            return Expr("if_less", (right, left, then, otherwise))
        if kind is ast.LtE:
            return Expr("if_less", (right, left, otherwise, then))
        if kind is ast.GtE:
            return Expr("if_less", (left, right, otherwise, then))
        if kind in (ast.Eq, ast.NotEq):
            same, other = (then, otherwise) if kind is ast.Eq else (otherwise, then)
            return Expr("if_less", (left, right, other, Expr("if_less", (right, left, other, same))))
        raise _NotAnExpression

    def convert(self, node: ast.expr, scope: Scope) -> Expr:
        """The expression of a Python expression."""
        return _small(self._converted(node, scope))

    def _converted(self, node: ast.expr, scope: Scope) -> Expr:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and math.isfinite(node.value):
            if isinstance(node.value, bool):
                raise _NotAnExpression
            return whole(0) if isinstance(node.value, int) and node.value == 0 else const(node.value)
        if isinstance(node, ast.Name) and node.id in scope:
            return scope[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _FROM_AST:
            return Expr(_FROM_AST[type(node.op)], (self.convert(node.left, scope), self.convert(node.right, scope)))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.convert(node.operand, scope)
            return const(-inner.value) if inner.op == "const" else Expr("neg", (inner,))
        if isinstance(node, ast.IfExp):
            then, otherwise = self.convert(node.body, scope), self.convert(node.orelse, scope)
            return self._conditional(node.test, then, otherwise, scope)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            base = self.convert(node.left, scope)
            if isinstance(node.right, ast.Constant) and node.right.value == 2:
                return Expr("*", (base, base))
        if isinstance(node, ast.Subscript):
            return self._element(self.convert(node.value, scope), self.convert(node.slice, scope))
        if isinstance(node, ast.Call) and not node.keywords:
            return self._call(ast.unparse(node.func), [self.convert(a, scope) for a in node.args])
        raise _NotAnExpression

    def _call(self, name: str, args: list[Expr]) -> Expr:
        if name in self.helpers:
            return self._inlined(self.helpers[name], args)
        if name in ("min", "max") and len(args) >= 2:
            tree = args[0]
            for argument in args[1:]:
                tree = Expr(name, (tree, argument))
            return tree
        if name == "float" and len(args) == 1:
            return args[0]
        name = "abs" if name == "math.fabs" else name
        if name in UNARY and len(args) == 1:
            return Expr(name, (args[0],))
        raise _NotAnExpression

    def _inlined(self, helper: ast.FunctionDef, args: list[Expr]) -> Expr:
        """What a helper function returns for these arguments."""
        if ast.dump(helper) == _SHARE and len(args) == 2:
            return self._element(args[0], args[1], of_sum=True)
        names = [a.arg for a in helper.args.args]
        if len(names) != len(args) or self.depth == _NESTED or helper.name == self.function.name:
            raise _NotAnExpression
        inner = _Reader(self.function, self.helpers, self.depth + 1)
        tree = inner.body(helper.body, dict(zip(names, args, strict=True)))
        if tree is None:
            raise _NotAnExpression
        return tree

    def _element(self, array: Expr, index: Expr, of_sum: bool = False) -> Expr:
        """An array at an index; one that may lie beyond the ends must be held at them."""
        parameter = next((p for p in readable(self.function) if p.name == array.op), None)
        if parameter is None:
            raise _NotAnExpression
        inner, below, above = _unheld(index, str(parameter.last))
        form = linear(inner, index_names(self.function, parameter))
        if form is None:
            raise _NotAnExpression
        beyond = clips(form, parameter, self.function)
        if not of_sum and ((beyond[0] and not below) or (beyond[1] and not above)):
            raise _NotAnExpression
        return (share if of_sum else read)(parameter.name, written(form, self.function))


def _unheld(index: Expr, last: str) -> tuple[Expr, bool, bool]:
    """An index without `max(0, …)` and `min(last, …)` around it, and which of them there were."""
    below = above = False
    while index.op in ("max", "min"):
        end = whole(0) if index.op == "max" else Expr(last)
        if end not in index.args:
            break
        below, above = below or index.op == "max", above or index.op == "min"
        index = index.args[1] if index.args[0] == end else index.args[0]
    return index, below, above


def _returns(statement: ast.If) -> bool:
    return any(isinstance(n, ast.Return) for n in ast.walk(statement))


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr]:
    """The name that is assigned and its value."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        target = statement.target
        value = ast.BinOp(ast.Name(target.id), statement.op, statement.value)
    else:
        raise _NotAnExpression
    if not isinstance(target, ast.Name):
        raise _NotAnExpression
    return target.id, value


def _small(tree: Expr) -> Expr:
    """The tree itself; checked after each step, because names and branches used twice double what they stand for."""
    if tree.size > MAX_SIZE:
        raise _NotAnExpression
    return tree
