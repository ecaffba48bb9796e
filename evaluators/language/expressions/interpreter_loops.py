"""The loops of the interpreter of expressions, compiled once (`interpreter.py` says what they are for).

All they work on lies in one table, because a decision is too short for many allocations. With P parameters its rows are
the parameters' values (0 to P − 1; one that does not vary has its value in the first column), the stack (MAX_STACK
rows), which rows of the stack hold a value for each item and not just one, of each array whether it is wanted and how
long it is, and of each array two rows, its elements and the shares of their sum up to each.
"""

import math
from typing import Any

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.expressions.tree import (
    ABS,
    ADD,
    CONST,
    DIV,
    EXP,
    IFLESS,
    LOG,
    MAX,
    MIN,
    MOST,
    MUL,
    NEG,
    READ,
    SHARE,
    SQRT,
    SUB,
    TANH,
    WHOLE,
)

MAX_STACK = 24
"""Deepest stack of operands."""

_F1, _F2 = types.float64[::1], types.float64[:, ::1]
_SETTINGS: dict[str, Any] = {"cache": True, "error_model": "numpy", "boundscheck": False}


@numba.njit(types.void(_F1, _F2, types.int64, types.int64), **_SETTINGS)
def mark(theta: Floats, table: Floats, parameters: int, arrays: int) -> None:
    """Note which arrays the expression reads: 1 where their elements are read, 2 where a share is."""
    marks = parameters + MAX_STACK + 1
    for q in range(arrays):
        table[marks, 2 * q] = 0.0
    for k in range(1, int(theta[0]) + 1):
        op = int(theta[k])
        if READ <= op < WHOLE - MOST:
            q = 2 * ((op - READ) % (SHARE - READ))
            table[marks, q] = max(table[marks, q], 2.0 if op >= SHARE else 1.0)


@numba.njit(error_model="numpy", boundscheck=False)
def fill(array: Any, table: Floats, parameters: int, number: int) -> None:
    """Write an array's elements to its row, where they are wanted, and the shares of their sum to the next one."""
    marks, row, n = parameters + MAX_STACK + 1, parameters + MAX_STACK + 2 + 2 * number, array.shape[0]
    table[marks, 2 * number + 1] = n
    if table[marks, 2 * number] > 0.0:
        for i in range(n):
            table[row, i] = array[i]
    if table[marks, 2 * number] > 1.0:
        total = 0.0
        for i in range(n):
            total += table[row, i]
            table[row + 1, i] = total
        for i in range(n):
            table[row + 1, i] = table[row + 1, i] / total if total > 0.0 else 0.0


@numba.njit(types.void(types.int64, _F2, types.int64, types.int64, types.int64), **_SETTINGS)
def _elements(op: int, s: Floats, parameters: int, a: int, m: int) -> None:
    """Row `a`, of indices, becomes the row of what stands there; before the first a share is 0.

    Nothing reaches beyond the row, whatever the index: it is held at the ends as a float, where every comparison has a
    meaning, and only then becomes an integer. NaN counts as 0.
    """
    number = (op - READ) % (SHARE - READ)
    last = int(s[parameters + MAX_STACK + 1, 2 * number + 1]) - 1
    row = parameters + MAX_STACK + 2 + 2 * number
    if op < SHARE:
        for i in range(m):
            s[a, i] = s[row, int(max(0.0, min(s[a, i], float(last))))]
    else:
        for i in range(m):
            k = s[a, i]
            s[a, i] = 0.0 if k < 0.0 else s[row + 1, int(max(0.0, min(k, float(last))))]


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


@numba.njit(types.void(_F2, types.int64, types.int64), **_SETTINGS)
def _spread(s: Floats, a: int, m: int) -> None:
    """The one value of row `a` becomes that of every item."""
    for i in range(1, m):
        s[a, i] = s[a, 0]


@numba.njit(types.int64(_F2, _F1, types.int64, types.int64, types.int64, types.int64), **_SETTINGS)
def _common(s: Floats, is_row: Floats, parameters: int, a: int, count: int, m: int) -> int:
    """How many values an operation on `count` rows from `a` on has; where one of them has many, all get them."""
    many = False
    for q in range(a - parameters, a - parameters + count):
        many = many or is_row[q] > 0.0
    if not many:
        return 1
    for q in range(a, a + count):
        if is_row[q - parameters] == 0.0:
            _spread(s, q, m)
    is_row[a - parameters] = 1.0
    return m


@numba.njit(
    types.void(_F1, _F2, types.int64, types.Array(types.boolean, 1, "C", readonly=True), _F1, types.int64), **_SETTINGS
)
def run(theta: Floats, s: Floats, parameters: int, varies: NDArray[np.bool_], out: Floats, m: int) -> None:
    """Evaluate the expression in `theta` for `m` items in the table `s`, where parameters and arrays are written."""
    length = int(theta[0])
    constant = length + 1
    is_row = s[parameters + MAX_STACK]
    top = parameters  # the row above the stack
    for k in range(1, length + 1):
        op = int(theta[k])
        if op < CONST or op >= WHOLE - MOST or op == CONST:
            many = op < CONST and varies[op]
            if many:
                for i in range(m):
                    s[top, i] = s[op, i]
            elif op == CONST:
                s[top, 0] = theta[constant]
                constant += 1
            else:
                s[top, 0] = s[op, 0] if op < CONST else op - WHOLE
            is_row[top - parameters] = 1.0 if many else 0.0
            top += 1
        elif op < NEG:
            top -= 1
            a, b = top - 1, top
            _binary_rows(op, s, a, b, _common(s, is_row, parameters, a, 2, m))
        elif op < IFLESS:
            a = top - 1
            _unary_rows(op, s, a, m if is_row[a - parameters] > 0.0 else 1)
        elif op == IFLESS:
            top -= 3
            a = top - 1
            for i in range(_common(s, is_row, parameters, a, 4, m)):
                s[a, i] = s[a + 2, i] if s[a, i] < s[a + 1, i] else s[a + 3, i]
        else:
            a = top - 1
            _elements(op, s, parameters, a, m if is_row[a - parameters] > 0.0 else 1)
    for i in range(m):
        out[i] = s[parameters, i] if is_row[0] > 0.0 else s[parameters, 0]
