"""An interpreter of expressions as a first-class function: judge an expression without compiling it.

`interpreter(contract)` has the signature of a compiled program of that contract, so every simulator runs it unchanged;
the expression travels in `theta` (`encode`). Each opcode is applied to all items at once, or once where its operands
are the same for all of them. The offline proposer judges most of what it makes this way; what it keeps is compiled.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.compile import signature
from heuresis.evaluators.contract import Contract, Function
from heuresis.evaluators.expression import (
    ABS,
    ADD,
    CONST,
    DIV,
    EXP,
    IFLESS,
    LOG,
    MAX,
    MIN,
    MUL,
    NEG,
    SQRT,
    SUB,
    TANH,
    Expr,
    constants,
    from_code,
    to_code,
)

MAX_STACK = 24
"""Deepest stack of operands; `encode` refuses deeper expressions."""

_F1, _F2 = types.float64[::1], types.float64[:, ::1]
_SETTINGS: dict[str, Any] = {"cache": True, "error_model": "numpy", "boundscheck": False}
Floats = NDArray[np.float64]


def encode(tree: Expr, contract: Contract) -> Floats:
    """The expression as a `theta` for the interpreter: number of opcodes, opcodes, constants.

    Raises ValueError where the expression needs a stack deeper than MAX_STACK.
    """
    if (height := stack_height(tree)) > MAX_STACK:
        raise ValueError(f"the expression needs a stack of {height} operands, more than {MAX_STACK}")
    code = to_code(tree, _names(contract))
    return np.concatenate([[len(code)], code, constants(tree)]).astype(np.float64)


def stack_height(tree: Expr) -> int:
    """How many operands lie on the stack at once, at most, while the expression is interpreted."""
    return max((place + stack_height(a) for place, a in enumerate(tree.args)), default=1)


def decode(theta: Floats, contract: Contract) -> Expr:
    """The inverse of `encode`. Raises ValueError for anything that `encode` cannot have made."""
    if theta.ndim != 1 or theta.size < 2 or not np.all(np.isfinite(theta)):
        raise ValueError("not an encoded expression")
    if not 1 <= theta[0] < theta.size:
        raise ValueError(f"{theta[0]:g} opcodes announced, {theta.size - 1} numbers given")
    length = int(theta[0])
    codes = theta[: length + 1]
    if np.any(codes < 0) or np.any(codes > IFLESS) or np.any(codes != np.floor(codes)):
        raise ValueError("an opcode is no small natural number")
    tree = from_code(codes[1:].astype(np.int64), theta[length + 1 :], _names(contract))
    if stack_height(tree) > MAX_STACK:
        raise ValueError(f"the expression needs a stack of more than {MAX_STACK} operands")
    return tree


def _names(contract: Contract) -> list[str]:
    return [p.name for p in contract.main.scalars]


@cache
def interpreter(contract: Contract) -> Callable[..., Any]:
    """The interpreter for the contract's main function, to be handed to a simulator in place of a program.

    Expressions are over the parameters that are numbers; arrays are taken and not looked at.
    """
    function: Function = contract.main
    names = _names(contract)
    columns = [n for n, p in zip(names, function.scalars, strict=True) if p.varies]
    rows = [f"    row[{i}] = {n}\n" for i, n in enumerate(names) if n not in columns]
    copies = "".join(f"    for i in range(count):\n        table[{names.index(n)}, i] = {n}[i]\n" for n in columns)
    text = (
        f"def interpret({', '.join(p.name for p in function.parameters)}, theta, out, count):\n"
        f"    table = np.empty(({len(names) + MAX_STACK}, count))\n"
        f"    row = np.empty({len(names)})\n"
        f"{copies}{''.join(rows)}"
        f"    run(theta, table, row, VARIES, out, count)\n"
    )
    varies = np.array([p.varies for p in function.scalars])
    namespace: dict[str, Any] = {"np": np, "run": _run, "VARIES": varies}
    exec(text, namespace)  # noqa: S102 - made of the contract alone
    compiled: Callable[..., Any] = numba.njit(signature(function), error_model="numpy")(namespace["interpret"])
    return compiled


@numba.njit(types.float64(types.int64, types.float64), **_SETTINGS)
def _unary(op: int, x: float) -> float:
    if op == NEG:
        return -x
    if op == ABS:
        return abs(x)
    if op == SQRT:
        return math.sqrt(x)
    if op == EXP:
        return math.exp(x)
    if op == LOG:
        return math.log(x)
    if op == TANH:
        return math.tanh(x)
    return math.log1p(x)


@numba.njit(types.float64(types.int64, types.float64, types.float64), **_SETTINGS)
def _binary(op: int, x: float, y: float) -> float:
    if op == ADD:
        return x + y
    if op == SUB:
        return x - y
    if op == MUL:
        return x * y
    if op == DIV:
        return x / y
    if op == MIN:
        return y if y < x else x
    return y if y > x else x


@numba.njit(types.void(types.int64, _F2, types.int64, types.int64), **_SETTINGS)
def _unary_rows(op: int, s: Floats, a: int, m: int) -> None:
    if op == NEG:
        for i in range(m):
            s[a, i] = -s[a, i]
    elif op == ABS:
        for i in range(m):
            s[a, i] = abs(s[a, i])
    elif op == SQRT:
        for i in range(m):
            s[a, i] = math.sqrt(s[a, i])
    else:
        for i in range(m):
            s[a, i] = _unary(op, s[a, i])


@numba.njit(types.void(types.int64, _F2, types.int64, types.int64, types.int64), **_SETTINGS)
def _binary_rows(op: int, s: Floats, a: int, b: int, m: int) -> None:
    """Row `a` becomes row a ∘ row b; one loop an operator, so that each uses vector instructions."""
    if op == ADD:
        for i in range(m):
            s[a, i] = s[a, i] + s[b, i]
    elif op == SUB:
        for i in range(m):
            s[a, i] = s[a, i] - s[b, i]
    elif op == MUL:
        for i in range(m):
            s[a, i] = s[a, i] * s[b, i]
    elif op == DIV:
        for i in range(m):
            s[a, i] = s[a, i] / s[b, i]
    elif op == MIN:
        for i in range(m):
            s[a, i] = s[b, i] if s[b, i] < s[a, i] else s[a, i]
    elif op == MAX:
        for i in range(m):
            s[a, i] = s[b, i] if s[b, i] > s[a, i] else s[a, i]


@numba.njit(types.void(_F2, types.int64, types.float64, types.int64), **_SETTINGS)
def _fill(s: Floats, a: int, x: float, m: int) -> None:
    for i in range(m):
        s[a, i] = x


@numba.njit(types.void(_F1, _F2, _F1, types.Array(types.boolean, 1, "C", readonly=True), _F1, types.int64), **_SETTINGS)
def _run(theta: Floats, table: Floats, row: Floats, varies: NDArray[np.bool_], out: Floats, m: int) -> None:
    """Evaluate the expression in `theta` for `m` items; the parameters' columns stand first in `table`."""
    length = int(theta[0])
    constant = length + 1
    parameters = row.shape[0]
    scalar = np.empty(MAX_STACK)
    is_row = np.zeros(MAX_STACK, np.bool_)
    top = 0
    for k in range(1, length + 1):
        op = int(theta[k])
        if op < CONST and varies[op]:
            for i in range(m):
                table[parameters + top, i] = table[op, i]
            is_row[top] = True
            top += 1
        elif op <= CONST:
            is_row[top] = False
            if op == CONST:
                scalar[top] = theta[constant]
                constant += 1
            else:
                scalar[top] = row[op]
            top += 1
        elif op < NEG:
            top -= 1
            a, b = top - 1, top
            if is_row[a] or is_row[b]:
                if not is_row[a]:
                    _fill(table, parameters + a, scalar[a], m)
                if not is_row[b]:
                    _fill(table, parameters + b, scalar[b], m)
                _binary_rows(op, table, parameters + a, parameters + b, m)
                is_row[a] = True
            else:
                scalar[a] = _binary(op, scalar[a], scalar[b])
        elif op < IFLESS:
            a = top - 1
            if is_row[a]:
                _unary_rows(op, table, parameters + a, m)
            else:
                scalar[a] = _unary(op, scalar[a])
        else:
            top -= 3
            a = parameters + top - 1
            for q in range(4):
                if not is_row[top - 1 + q]:
                    _fill(table, a + q, scalar[top - 1 + q], m)
            for i in range(m):
                table[a, i] = table[a + 2, i] if table[a, i] < table[a + 1, i] else table[a + 3, i]
            is_row[top - 1] = True
    for i in range(m):
        out[i] = table[parameters, i] if is_row[0] else scalar[0]
