"""Dispatching by an expression in postfix code, all unscheduled jobs at once, without compiling the expression.

The loop equals that of `heuresis.evaluators.smtt` (same features, same ties); only the arithmetic is interpreted: each
opcode is applied to the whole vector of unscheduled jobs, or once where its operands are the same for all of them.
It judges what the offline proposer makes; whatever it keeps is compiled and evaluated like any other program.
"""

import math

import numpy as np
from numba import float64, int64, njit, void
from numba.core.types import Tuple
from numpy.typing import NDArray

from heuresis.evaluators.expression import (
    ABS,
    ADD,
    CONST,
    DIV,
    EXP,
    IFLESS,
    LOG,
    LOG1P,
    MAX,
    MIN,
    MUL,
    NEG,
    SQRT,
    SUB,
    TANH,
)

MAX_STACK = 32
"""Deepest stack of operands that is interpreted; deeper code fails."""

_F1 = float64[::1]
_F2 = float64[:, ::1]
_I1 = int64[::1]
_SETTINGS = {"cache": True, "error_model": "numpy", "boundscheck": False, "nogil": True}


@njit(float64(int64, float64), inline="always", error_model="numpy")
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


@njit(float64(int64, float64, float64), inline="always", error_model="numpy")
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


@njit(void(int64, _F2, int64, int64), **_SETTINGS)
def _apply_unary(op: int, s: NDArray[np.float64], a: int, m: int) -> None:
    if op == NEG:
        for i in range(m):
            s[a, i] = -s[a, i]
    elif op == ABS:
        for i in range(m):
            s[a, i] = abs(s[a, i])
    elif op == SQRT:
        for i in range(m):
            s[a, i] = math.sqrt(s[a, i])
    elif op == EXP:
        for i in range(m):
            s[a, i] = math.exp(s[a, i])
    elif op == LOG:
        for i in range(m):
            s[a, i] = math.log(s[a, i])
    elif op == TANH:
        for i in range(m):
            s[a, i] = math.tanh(s[a, i])
    else:
        for i in range(m):
            s[a, i] = math.log1p(s[a, i])


@njit(void(int64, _F2, int64, int64, int64), **_SETTINGS)
def _apply_vv(op: int, s: NDArray[np.float64], a: int, b: int, m: int) -> None:
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
    else:
        for i in range(m):
            s[a, i] = s[b, i] if s[b, i] > s[a, i] else s[a, i]


@njit(void(int64, _F2, int64, float64, int64), **_SETTINGS)
def _apply_vs(op: int, s: NDArray[np.float64], a: int, y: float, m: int) -> None:
    if op == ADD:
        for i in range(m):
            s[a, i] = s[a, i] + y
    elif op == SUB:
        for i in range(m):
            s[a, i] = s[a, i] - y
    elif op == MUL:
        for i in range(m):
            s[a, i] = s[a, i] * y
    elif op == DIV:
        inverse = 1.0 / y
        for i in range(m):
            s[a, i] = s[a, i] * inverse
    elif op == MIN:
        for i in range(m):
            s[a, i] = y if y < s[a, i] else s[a, i]
    else:
        for i in range(m):
            s[a, i] = y if y > s[a, i] else s[a, i]


@njit(void(int64, _F2, int64, float64, int64, int64), **_SETTINGS)
def _apply_sv(op: int, s: NDArray[np.float64], a: int, x: float, b: int, m: int) -> None:
    if op == ADD:
        for i in range(m):
            s[a, i] = x + s[b, i]
    elif op == SUB:
        for i in range(m):
            s[a, i] = x - s[b, i]
    elif op == MUL:
        for i in range(m):
            s[a, i] = x * s[b, i]
    elif op == DIV:
        for i in range(m):
            s[a, i] = x / s[b, i]
    elif op == MIN:
        for i in range(m):
            s[a, i] = s[b, i] if s[b, i] < x else x
    else:
        for i in range(m):
            s[a, i] = s[b, i] if s[b, i] > x else x


@njit(float64(_F2, int64), fastmath={"nnan", "ninf", "nsz", "reassoc"}, **_SETTINGS)
def _smallest(s: NDArray[np.float64], m: int) -> float:
    """The smallest of finite values; the relaxed arithmetic lets the loop use vector instructions."""
    smallest = s[0, 0]
    for i in range(m):
        smallest = min(smallest, s[0, i])
    return smallest


@njit(float64(_F2, int64), fastmath={"nsz", "reassoc"}, **_SETTINGS)
def _zero_if_finite(s: NDArray[np.float64], m: int) -> float:
    """Zero, or NaN where a value is NaN or infinite."""
    check = 0.0
    for i in range(m):
        check += s[0, i] * 0.0
    return check


@njit(int64(_F2, int64), **_SETTINGS)
def _first_smallest(s: NDArray[np.float64], m: int) -> int:
    """Position of the first smallest value in row 0, or -1 where one is NaN or infinite."""
    if _zero_if_finite(s, m) != 0.0:
        return -1
    smallest = _smallest(s, m)
    i = 0
    while s[0, i] != smallest:
        i += 1
    return i


@njit(int64(_I1, _F1, _F1, _F1, _F1, _F2, _F1, _I1, int64), **_SETTINGS)
def _choose(
    code: NDArray[np.int64],
    theta: NDArray[np.float64],
    features: NDArray[np.float64],
    p: NDArray[np.float64],
    d: NDArray[np.float64],
    stack: NDArray[np.float64],
    scalar: NDArray[np.float64],
    is_vector: NDArray[np.int64],
    m: int,
) -> int:
    """Position of the smallest value among the first `m` jobs (the first of equals), or -1 where one is not finite."""
    top = 0
    constant = 0
    for k in range(code.shape[0]):
        op = code[k]
        if op < 2:
            is_vector[top] = 1
            column = p if op == 0 else d
            for i in range(m):
                stack[top, i] = column[i]
            top += 1
        elif op < CONST:
            is_vector[top] = 0
            scalar[top] = features[op]
            top += 1
        elif op == CONST:
            is_vector[top] = 0
            scalar[top] = theta[constant]
            constant += 1
            top += 1
        elif op < NEG:
            top -= 1
            a = top - 1
            if is_vector[a]:
                if is_vector[top]:
                    _apply_vv(op, stack, a, top, m)
                else:
                    _apply_vs(op, stack, a, scalar[top], m)
            elif is_vector[top]:
                _apply_sv(op, stack, a, scalar[a], top, m)
                is_vector[a] = 1
            else:
                scalar[a] = _binary(op, scalar[a], scalar[top])
        elif op < IFLESS:
            a = top - 1
            if is_vector[a]:
                _apply_unary(op, stack, a, m)
            else:
                scalar[a] = _unary(op, scalar[a])
        else:
            top -= 3
            a = top - 1
            for q in range(4):
                if not is_vector[a + q]:
                    for i in range(m):
                        stack[a + q, i] = scalar[a + q]
            for i in range(m):
                stack[a, i] = stack[a + 2, i] if stack[a, i] < stack[a + 1, i] else stack[a + 3, i]
            is_vector[a] = 1
    if not is_vector[0]:
        return 0 if math.isfinite(scalar[0]) else -1
    return _first_smallest(stack, m)


@njit(float64(_I1, _F1, _I1, _I1), **_SETTINGS)
def total_tardiness_of_code(
    code: NDArray[np.int64], theta: NDArray[np.float64], p: NDArray[np.int64], d: NDArray[np.int64]
) -> float:
    """Total tardiness of dispatching one instance (jobs sorted by p, d, index); inf where a value is not finite."""
    n = p.shape[0]
    features = np.empty(10)
    pv = p.astype(np.float64)
    dv = d.astype(np.float64)
    stack = np.empty((MAX_STACK, n))
    scalar = np.empty(MAX_STACK)
    is_vector = np.empty(MAX_STACK, np.int64)
    by_due = np.argsort(d, kind="mergesort")
    waiting = np.ones(n, np.int64)
    job = np.arange(n)
    low, high = 0, n - 1  # first and last waiting job in `by_due`
    p_sum = p.sum()
    d_sum = d.sum()
    t = 0.0
    total = 0.0
    for m in range(n, 0, -1):
        while not waiting[by_due[low]]:
            low += 1
        while not waiting[by_due[high]]:
            high -= 1
        features[2] = t
        features[3] = m
        features[4] = p_sum / m
        features[5] = pv[m - 1]
        features[6] = p_sum
        features[7] = d_sum / m
        features[8] = d[by_due[low]]
        features[9] = d[by_due[high]]
        best = _choose(code, theta, features, pv, dv, stack, scalar, is_vector, m)
        if best < 0:
            return np.inf
        chosen = job[best]
        waiting[chosen] = 0
        t += p[chosen]
        total += max(0.0, t - d[chosen])
        p_sum -= p[chosen]
        d_sum -= d[chosen]
        for i in range(best, m - 1):
            pv[i] = pv[i + 1]
            dv[i] = dv[i + 1]
            job[i] = job[i + 1]
    return total


@njit(
    Tuple((float64, int64))(_I1, _F1, _I1, _I1, _I1, _F1, _I1, int64, _I1, float64),
    **_SETTINGS,
)
def loss_of_code(
    code: NDArray[np.int64],
    theta: NDArray[np.float64],
    p: NDArray[np.int64],
    d: NDArray[np.int64],
    offsets: NDArray[np.int64],
    reference: NDArray[np.float64],
    group: NDArray[np.int64],
    groups: int,
    subset: NDArray[np.int64],
    bound: float,
) -> tuple[float, int]:
    """Mean over groups of Σ T / Σ T* − 1 on a subset, and how many instances were simulated.

    Stops as soon as the loss is certain to exceed `bound` (no instance can do better than its reference).
    """
    optimum = np.zeros(groups)
    for i in subset:
        optimum[group[i]] += reference[i]
    present = 0
    for g in range(groups):
        present += optimum[g] > 0
    if present == 0:
        return 0.0, 0
    excess = 0.0
    done = 0
    for i in subset:
        g = group[i]
        value = total_tardiness_of_code(code, theta, p[offsets[i] : offsets[i + 1]], d[offsets[i] : offsets[i + 1]])
        done += 1
        if optimum[g] > 0:
            excess += (value - reference[i]) / optimum[g]
        elif value > 0:
            excess += np.inf if value == np.inf else 0.0
        if excess > bound * present:
            return excess / present, done
    return excess / present, done
