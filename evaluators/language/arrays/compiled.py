"""The functions of `functions.py`, compiled once for all programs that compute with whole arrays."""

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numba import types

from heuresis.evaluators.language.arrays import functions

_A, _F, _I, _B = types.float64[::1], types.float64, types.int64, types.boolean
_SIGNATURES: Mapping[str, Any] = {
    "_same": _I(_I, _I), "_sign": _F(_F), "_copy": _A(_A), "_slice": _A(_A, _I, _I), "_compress": _A(_A, _A),
    "_put_slice": _A(_A, _I, _I, _A), "_fill_slice": _A(_A, _I, _I, _F), "_put_mask": _A(_A, _A, _A),
    "_fill_mask": _A(_A, _A, _F), "_cumsum": _A(_A), "_sort": _A(_A), "_sum": _F(_A), "_prod": _F(_A),
    "_dot": _F(_A, _A), "_mean": _F(_A), "_var": _F(_A), "_median": _F(_A), "_argmin": _I(_A),
    "_argmax": _I(_A), "_min": _F(_A), "_max": _F(_A), "_count_nonzero": _I(_A), "_any": _B(_A), "_all": _B(_A),
}  # fmt: skip


_SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}


@numba.njit(_A(_I), **_SETTINGS)
def _zeros(size: int) -> Any:
    return np.zeros(size)


@numba.njit(_A(_I), **_SETTINGS)
def _ones(size: int) -> Any:
    return np.ones(size)


@numba.njit(_A(_I, _F), **_SETTINGS)
def _full(size: int, value: float) -> Any:
    return np.full(size, value)


def _compiled() -> dict[str, Any]:
    made = {name: numba.njit(given, **_SETTINGS)(getattr(functions, name)) for name, given in _SIGNATURES.items()}
    return {**made, "_zeros": _zeros, "_ones": _ones, "_full": _full}


FUNCTIONS: dict[str, Any] = _compiled()
"""By the names that programs are written out with (`lowering.py`)."""
