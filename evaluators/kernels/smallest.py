"""Choosing the item of smallest value, the innermost loop of every simulator that dispatches by a priority."""

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

_FLOAT64 = types.float64[::1]


@numba.njit(
    types.float64(_FLOAT64, types.int64),
    error_model="numpy",
    # Relaxed arithmetic on finite values only, so that the loop uses vector instructions; it changes no result.
    fastmath={"nnan", "ninf", "nsz", "reassoc"},
    cache=True,
)
def _smallest(values: NDArray[np.float64], count: int) -> float:
    smallest: float = values[0]
    for i in range(count):
        smallest = min(smallest, values[i])
    return smallest


@numba.njit(types.float64(_FLOAT64, types.int64), error_model="numpy", fastmath={"nsz", "reassoc"}, cache=True)
def _zero_if_finite(values: NDArray[np.float64], count: int) -> float:
    """Zero, or NaN where a value is NaN or infinite (infinity times zero is NaN)."""
    check = 0.0
    for i in range(count):
        check += values[i] * 0.0
    return check


@numba.njit(types.int64(_FLOAT64, types.int64), error_model="numpy", cache=True)
def first_smallest(values: NDArray[np.float64], count: int) -> int:
    """Position of the first smallest of `values[:count]` (`count` ≥ 1), or -1 where one is NaN or infinite."""
    if _zero_if_finite(values, count) != 0.0:
        return -1
    smallest = _smallest(values, count)
    position = count
    for i in range(count):
        position = min(position, i if values[i] == smallest else count)
    return position
