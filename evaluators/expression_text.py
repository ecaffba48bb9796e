"""Expressions as Python text: printing them as programs, and reading programs that compute one expression."""

import ast
import math
from collections.abc import Mapping, Sequence

from heuresis.evaluators.contract import Contract
from heuresis.evaluators.expression import MAX_SIZE, UNARY, Expr, const

_INFIX = {"+": (1, "+"), "-": (1, "-"), "*": (2, "*"), "/": (2, "/")}
_FROM_AST: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def to_text(tree: Expr) -> str:
    """The expression as Python, with as few parentheses as its meaning needs."""
    return _text(tree)[0]


def _text(node: Expr) -> tuple[str, int]:
    """Text and binding strength: 0 conditional, 1 sum, 2 product, 3 unary minus, 4 atom."""
    if node.op == "const":
        text = format_constant(node.value)
        return text, 3 if text.startswith("-") else 4
    if not node.args:
        return node.op, 4
    if node.op in _INFIX:
        level, symbol = _INFIX[node.op]
        other = node.args[1]
        if symbol in "+-":
            symbol, other = _signed(symbol, other)
        left, right = _text(node.args[0]), _text(other)
        a = left[0] if left[1] >= level else f"({left[0]})"
        b = right[0] if right[1] > level else f"({right[0]})"
        return f"{a} {symbol} {b}", level
    if node.op == "neg":
        text, level = _text(node.args[0])
        return (f"-{text}" if level == 4 else f"-({text})"), 3
    if node.op == "if_less":
        a, b, c, d = (to_text(x) for x in node.args)
        return f"({c} if {a} < {b} else {d})", 4
    return f"{node.op}({', '.join(to_text(a) for a in node.args)})", 4


def format_constant(value: float) -> str:
    """Six significant digits, always a float literal."""
    text = f"{value:.6g}"
    return text if any(c in text for c in ".en") else text + ".0"


def to_source(tree: Expr, contract: Contract) -> str:
    """A program under the contract whose main function returns the expression; a long sum is written term by term."""
    terms = _terms(tree)
    if tree.size <= 25 or len(terms) == 1:
        return f"{contract.main.signature}:\n    return {to_text(tree)}\n"
    lines = [f"    value = {to_text(terms[0][1])}"]
    lines += [f"    value {sign}= {to_text(term)}" for sign, term in terms[1:]]
    return "\n".join([f"{contract.main.signature}:", *lines, "    return value", ""])


def _terms(tree: Expr) -> list[tuple[str, Expr]]:
    """The summands of a sum from left to right, each with its sign."""
    if tree.op not in ("+", "-"):
        return [("+", tree)]
    left, right = tree.args
    return [*_terms(left), _signed(tree.op, right)]


def _signed(sign: str, term: Expr) -> tuple[str, Expr]:
    """Adding a product that begins with a negative constant is subtracting the opposite, to the last bit."""
    opposite = _opposite(term)
    return (sign, term) if opposite is None else ("-" if sign == "+" else "+", opposite)


def _opposite(term: Expr) -> Expr | None:
    """The negated term, where it is a negative constant or a product or quotient that begins with one."""
    if term.op == "const":
        return const(-term.value) if term.value < 0 else None
    if term.op in ("*", "/") and (first := _opposite(term.args[0])) is not None:
        return Expr(term.op, (first, term.args[1]))
    return None


def from_source(source: str, contract: Contract) -> Expr | None:
    """The expression that a straight-line program computes, or None where it is more than an expression.

    Understood are assignments (substituted), `if`/`else` that return or assign, conditional expressions with one
    comparison, and the operators and functions of `OPCODES`. Trees over MAX_SIZE nodes are not followed.
    """
    try:
        module = ast.parse(source)
        functions = [n for n in module.body if isinstance(n, ast.FunctionDef)]
        main = next(f for f in functions if f.name == contract.main.name)
        if [a.arg for a in main.args.args] != [p.name for p in contract.main.parameters]:
            return None
        scope: dict[str, Expr] = {p.name: Expr(p.name) for p in contract.main.scalars}
        for node in module.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                scope[node.targets[0].id] = _convert(node.value, scope)
        tree = _body(main.body, scope)
    except (SyntaxError, ValueError, StopIteration, OverflowError, RecursionError, _NotAnExpression):
        return None
    return tree


class _NotAnExpression(Exception):
    """The program does more than compute one expression."""


def _body(statements: Sequence[ast.stmt], scope: dict[str, Expr]) -> Expr | None:
    """The returned expression, or None where the end is reached without a return (`scope` then holds assignments)."""
    for position, statement in enumerate(statements):
        if isinstance(statement, ast.Return) and statement.value is not None:
            return _convert(statement.value, scope)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            target = statement.target
            value = ast.BinOp(ast.Name(target.id), statement.op, statement.value)
        elif isinstance(statement, ast.If):
            rest = statements[position + 1 :]
            then, otherwise = dict(scope), dict(scope)
            a = _body([*statement.body, *rest], then)
            b = _body([*statement.orelse, *rest], otherwise)
            if a is None or b is None:
                raise _NotAnExpression
            return _small(_conditional(statement.test, a, b, scope))
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        else:
            raise _NotAnExpression
        if not isinstance(target, ast.Name):
            raise _NotAnExpression
        scope[target.id] = _convert(value, scope)
    return None


def _conditional(test: ast.expr, then: Expr, otherwise: Expr, scope: Mapping[str, Expr]) -> Expr:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        raise _NotAnExpression
    left, right = _convert(test.left, scope), _convert(test.comparators[0], scope)
    kind = type(test.ops[0])
    if kind is ast.Lt:
        return Expr("if_less", (left, right, then, otherwise))
    if kind is ast.Gt:
        return Expr("if_less", (right, left, then, otherwise))
    if kind is ast.LtE:
        return Expr("if_less", (right, left, otherwise, then))
    if kind is ast.GtE:
        return Expr("if_less", (left, right, otherwise, then))
    raise _NotAnExpression


def _small(tree: Expr) -> Expr:
    """The tree itself; checked after each step, because names and branches used twice double what they stand for."""
    if tree.size > MAX_SIZE:
        raise _NotAnExpression
    return tree


def _convert(node: ast.expr, scope: Mapping[str, Expr]) -> Expr:
    return _small(_converted(node, scope))


def _converted(node: ast.expr, scope: Mapping[str, Expr]) -> Expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and math.isfinite(node.value):
        if isinstance(node.value, bool):
            raise _NotAnExpression
        return const(node.value)
    if isinstance(node, ast.Name) and node.id in scope:
        return scope[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _FROM_AST:
        return Expr(_FROM_AST[type(node.op)], (_convert(node.left, scope), _convert(node.right, scope)))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _convert(node.operand, scope)
        return const(-inner.value) if inner.op == "const" else Expr("neg", (inner,))
    if isinstance(node, ast.IfExp):
        return _conditional(node.test, _convert(node.body, scope), _convert(node.orelse, scope), scope)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base = _convert(node.left, scope)
        if isinstance(node.right, ast.Constant) and node.right.value == 2:
            return Expr("*", (base, base))
    if isinstance(node, ast.Call) and not node.keywords:
        name = ast.unparse(node.func)
        args = [_convert(a, scope) for a in node.args]
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
