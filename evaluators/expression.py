"""Expressions over a contract's parameters: trees, their postfix code, their Python text, and what is always finite.

The offline proposer works on these trees and judges most of them without compiling: a simulator interprets the postfix
code (opcodes below) for many jobs at once. What it keeps is printed as Python and goes the way of every other program.
"""

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.contract import Contract

CONST = 100
"""Opcode of a constant: the next entry of theta, in postfix order. Smaller opcodes are parameter numbers."""

ADD, SUB, MUL, DIV, MIN, MAX = range(200, 206)
NEG, ABS, SQRT, EXP, LOG, TANH, LOG1P = range(300, 307)
IFLESS = 400
"""`c if a < b else d`, operands in this order."""

BINARY = {"+": ADD, "-": SUB, "*": MUL, "/": DIV, "min": MIN, "max": MAX}
UNARY = {
    "neg": NEG,
    "abs": ABS,
    "math.sqrt": SQRT,
    "math.exp": EXP,
    "math.log": LOG,
    "math.tanh": TANH,
    "math.log1p": LOG1P,
}
OPCODES: Mapping[str, int] = {**BINARY, **UNARY, "if_less": IFLESS}
NAMES: Mapping[int, str] = {code: name for name, code in OPCODES.items()}


@dataclass(frozen=True, slots=True)
class Expr:
    """A node: an operator with operands, `const` with a value, or a parameter's name."""

    op: str
    args: tuple["Expr", ...] = ()
    value: float = 0.0

    @property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(a.size for a in self.args)

    @property
    def depth(self) -> int:
        """Longest path to a leaf, in nodes."""
        return 1 + max((a.depth for a in self.args), default=0)

    def walk(self) -> Iterator["Expr"]:
        """All nodes, operands before operators (postfix order)."""
        for argument in self.args:
            yield from argument.walk()
        yield self

    def replace(self, index: int, new: "Expr") -> "Expr":
        """The tree with the node numbered `index` in postfix order replaced."""
        if index == self.size - 1:
            return new
        args = list(self.args)
        for position, argument in enumerate(args):
            if index < argument.size:
                args[position] = argument.replace(index, new)
                return Expr(self.op, tuple(args), self.value)
            index -= argument.size
        raise IndexError(f"a tree of {self.size} nodes has no node {index}")


def const(value: float) -> Expr:
    """A constant."""
    return Expr("const", (), float(value))


def constants(tree: Expr) -> NDArray[np.float64]:
    """The constants in postfix order."""
    return np.array([node.value for node in tree.walk() if node.op == "const"], dtype=np.float64)


def with_constants(tree: Expr, theta: Sequence[float] | NDArray[np.float64]) -> Expr:
    """The tree with its constants, in postfix order, set to `theta`."""
    values = iter(theta)

    def rebuild(node: Expr) -> Expr:
        if node.op == "const":
            return const(float(next(values)))
        return Expr(node.op, tuple(rebuild(a) for a in node.args)) if node.args else node

    return rebuild(tree)


def lifted(tree: Expr) -> Expr:
    """The tree with its constants, in postfix order, replaced by `theta[0]`, `theta[1]`, …: to be compiled once, then tuned."""
    numbers = iter(range(tree.size))

    def rebuild(node: Expr) -> Expr:
        if node.op == "const":
            return Expr(f"theta[{next(numbers)}]")
        return Expr(node.op, tuple(rebuild(a) for a in node.args)) if node.args else node

    return rebuild(tree)


def to_code(tree: Expr, names: Sequence[str]) -> NDArray[np.int64]:
    """Postfix opcodes; `names` are the contract's parameters in order."""
    number = {name: i for i, name in enumerate(names)}
    return np.array(
        [CONST if n.op == "const" else OPCODES.get(n.op, number.get(n.op, -1)) for n in tree.walk()], dtype=np.int64
    )


def from_code(code: NDArray[np.int64], theta: NDArray[np.float64], names: Sequence[str]) -> Expr:
    """The inverse of `to_code` and `constants`. Raises ValueError for code that is no single expression."""
    stack: list[Expr] = []
    values = iter(theta.tolist())
    try:
        for opcode in code.tolist():
            if opcode == CONST:
                stack.append(const(next(values)))
            elif 0 <= opcode < len(names):
                stack.append(Expr(names[opcode]))
            else:
                name = NAMES[opcode]
                arity = 2 if name in BINARY else 1 if name in UNARY else 4
                if len(stack) < arity:
                    raise ValueError(f"opcode {opcode} lacks operands")
                stack[-arity:] = [Expr(name, tuple(stack[-arity:]))]
    except (KeyError, StopIteration) as error:
        raise ValueError(f"not an expression: {error!r}") from error
    if len(stack) != 1:
        raise ValueError(f"{len(stack)} values left instead of one")
    return stack[0]


# --- Python text -----------------------------------------------------------------------------------------------------

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
        left, right = (_text(a) for a in node.args)
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
    """The summands of a sum from left to right, each with its sign; negative leading constants become minus signs."""
    if tree.op not in ("+", "-"):
        return [("+", tree)]
    left, right = tree.args
    sign = tree.op
    if right.op == "*" and right.args[0].op == "const" and right.args[0].value < 0:
        sign = "-" if sign == "+" else "+"
        right = Expr("*", (const(-right.args[0].value), right.args[1]))
    return [*_terms(left), (sign, right)]


def from_source(source: str, contract: Contract) -> Expr | None:
    """The expression that a straight-line program computes, or None where it is more than an expression.

    Understood are assignments (substituted), `if`/`else` that return or assign, conditional expressions with one
    comparison, and the operators and functions of `OPCODES`. Trees over 400 nodes are not followed.
    """
    try:
        module = ast.parse(source)
        functions = [n for n in module.body if isinstance(n, ast.FunctionDef)]
        main = next(f for f in functions if f.name == contract.main.name)
        scope: dict[str, Expr] = {a.arg: Expr(a.arg) for a in main.args.args}
        for node in module.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                scope[node.targets[0].id] = _convert(node.value, scope)
        tree = _body(main.body, scope)
        return tree if tree is not None and tree.size <= 400 else None
    except (SyntaxError, ValueError, StopIteration, _NotAnExpression):
        return None


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
            return _conditional(statement.test, a, b, scope)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        else:
            raise _NotAnExpression
        if not isinstance(target, ast.Name):
            raise _NotAnExpression
        scope[target.id] = _convert(value, scope)
        if scope[target.id].size > 400:
            raise _NotAnExpression
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


def _convert(node: ast.expr, scope: Mapping[str, Expr]) -> Expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
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


# --- what is always finite -------------------------------------------------------------------------------------------

_EXP_LIMIT = 600.0
Interval = tuple[float, float]


def is_total(tree: Expr, contract: Contract) -> bool:
    """Whether the expression has a finite value wherever the parameters are finite and at least their `low`.

    By interval arithmetic, hence conservative: no division by what may be 0, no logarithm or root of what may be
    negative, no exponential that may overflow. (Sums and products of astronomically large values are not considered.)
    """
    lows = {p.name: p.low for p in contract.main.parameters}
    return _interval(tree, lows) is not None


def _interval(node: Expr, lows: Mapping[str, float]) -> Interval | None:
    if node.op == "const":
        return (node.value, node.value) if math.isfinite(node.value) else None
    if not node.args:
        return lows[node.op], math.inf
    parts = [_interval(a, lows) for a in node.args]
    if any(p is None for p in parts):
        return None
    known = [p for p in parts if p is not None]
    if node.op == "if_less":
        (c, d) = known[2:]
        return min(c[0], d[0]), max(c[1], d[1])
    return _RANGES[node.op](*known)


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def _product(a: Interval, b: Interval) -> Interval:
    ends = [_times(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _quotient(a: Interval, b: Interval) -> Interval | None:
    if b[0] <= 1e-9 and b[1] >= -1e-9:
        return None
    return _product(a, (1 / b[1] if b[1] else math.inf, 1 / b[0] if b[0] else math.inf))


def _log(a: Interval, shift: float) -> Interval | None:
    low = a[0] + shift
    if low < 1e-9:
        return None
    return math.log(low), math.log(a[1] + shift) if a[1] < math.inf else math.inf


_RANGES: Mapping[str, Callable[..., Interval | None]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "*": _product,
    "/": _quotient,
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "neg": lambda a: (-a[1], -a[0]),
    "abs": lambda a: (max(0.0, a[0], -a[1]), max(abs(a[0]), abs(a[1]))),
    "math.sqrt": lambda a: None if a[0] < 0 else (math.sqrt(a[0]), math.sqrt(a[1])),
    "math.exp": lambda a: None if a[1] > _EXP_LIMIT else (math.exp(max(a[0], -_EXP_LIMIT)), math.exp(a[1])),
    "math.log": lambda a: _log(a, 0.0),
    "math.log1p": lambda a: _log(a, 1.0),
    "math.tanh": lambda a: (math.tanh(a[0]), math.tanh(a[1])),
}
