"""Arithmetic as compiled programs mean it, in plain Python. Exported files contain the functions they use.

Python raises where IEEE 754 has an infinity or NaN, and its integers have no end; Numba with `error_model="numpy"`
does neither. Measured against Numba 0.68 on x86-64, and compared in `tests/evaluators`.
"""

import math


def _div(a: float, b: float) -> float:
    """Quotient; division by zero gives an infinity, or NaN for 0 / 0."""
    a, b = float(a), float(b)
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _floordiv(a: float, b: float) -> float:
    """Quotient, rounded down; by zero as a / b for floats, and 0 for integers."""
    if isinstance(a, int) and isinstance(b, int):
        return 0 if b == 0 or (b == -1 and a == -(2**63)) else a // b
    return a // b if b else _div(a, b)


def _mod(a: float, b: float) -> float:
    """Remainder; by zero NaN for floats, and 0 for integers."""
    if isinstance(a, int) and isinstance(b, int):
        return a % b if b else 0
    return float(a) % b if b else math.nan


def _pow(a: float, b: float) -> float:
    """Power; a float power overflows to an infinity, of a negative base it is NaN, an integer power multiplies."""
    if isinstance(b, int) and (isinstance(a, int) or abs(b) <= 65536):
        return _power(a, b)
    a, b = float(a), float(b)
    odd = b.is_integer() and b % 2.0 == 1.0
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0.0 and odd else math.inf
    except ValueError:
        if a != 0.0:
            return math.nan
        return math.copysign(math.inf, a) if odd else math.inf


def _power(a: float, n: int) -> float:
    """Integer power by repeated squaring; raises ZeroDivisionError for 1 / 0, as the compiled program does."""
    whole = isinstance(a, int)
    if whole and n < 0 and a not in (1, -1):
        return 0 if a else -(2**63)
    result, left = a**0, abs(n)
    while left:
        if left & 1:
            result = _int64(result * a)
        left >>= 1
        a = _int64(a * a)
    return result if whole or n >= 0 else 1.0 / result


def _int64(a: float) -> float:
    """An integer as 64 bits hold it; anything else unchanged."""
    return (a + 2**63) % 2**64 - 2**63 if isinstance(a, int) else a


def _floor(a: float) -> int:
    """The integer below; raises OverflowError where 64 bits cannot hold it, and for NaN."""
    if not -(2.0**63) <= a < 2.0**63:
        raise OverflowError("math.floor of NaN, or of a number that 64 bits cannot hold")
    return math.floor(a)


def _ceil(a: float) -> int:
    """The integer above; raises OverflowError where 64 bits cannot hold it, and for NaN."""
    if not -(2.0**63) <= a < 2.0**63:
        raise OverflowError("math.ceil of NaN, or of a number that 64 bits cannot hold")
    return math.ceil(a)


def _range(start: int, stop: int, step: int = 1) -> range:
    """What a loop counts; raises OverflowError where 64 bits cannot hold how far apart the bounds are."""
    if step and (stop - start if step > 0 else start - stop) >= 2**63:
        raise OverflowError("the bounds of range lie 2**63 or more apart")
    return range(start, stop, step)


def _sqrt(a: float) -> float:
    """Square root; NaN of a negative number."""
    return math.nan if a < 0.0 else math.sqrt(a)


def _exp(a: float) -> float:
    """Exponential; overflows to infinity."""
    try:
        return math.exp(a)
    except OverflowError:
        return math.inf


def _expm1(a: float) -> float:
    """Exponential minus 1; overflows to infinity."""
    try:
        return math.expm1(a)
    except OverflowError:
        return math.inf


def _log(a: float) -> float:
    """Natural logarithm; -infinity of 0, NaN of a negative number."""
    return math.log(a) if a > 0.0 or math.isnan(a) else -math.inf if a == 0.0 else math.nan


def _log1p(a: float) -> float:
    """Natural logarithm of 1 + a; -infinity of -1, NaN below."""
    return math.log1p(a) if a > -1.0 or math.isnan(a) else -math.inf if a == -1.0 else math.nan


def _log2(a: float) -> float:
    """Logarithm to base 2; -infinity of 0, NaN of a negative number."""
    return math.log2(a) if a > 0.0 or math.isnan(a) else -math.inf if a == 0.0 else math.nan


def _log10(a: float) -> float:
    """Logarithm to base 10; -infinity of 0, NaN of a negative number."""
    return math.log10(a) if a > 0.0 or math.isnan(a) else -math.inf if a == 0.0 else math.nan


def _sin(a: float) -> float:
    """Sine; NaN of an infinity."""
    return math.nan if a in (math.inf, -math.inf) else math.sin(a)


def _cos(a: float) -> float:
    """Cosine; NaN of an infinity."""
    return math.nan if a in (math.inf, -math.inf) else math.cos(a)


def _zeros(size: int) -> list[float]:
    """Working space: so many zeros."""
    return _full(size, 0.0)


def _ones(size: int) -> list[float]:
    """Working space: so many ones."""
    return _full(size, 1.0)


def _full(size: int, value: float) -> list[float]:
    """Working space: so many times the value; raises ValueError for a negative size, as the compiled program does."""
    if size < 0:
        raise ValueError("negative dimensions are not allowed")
    return [float(value)] * size
