"""The functions of `functions.py`, compiled once for all programs that compute with whole arrays.

Their bounds are checked, and where they take an integer a program that hands them anything else does not compile.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import types

from heuresis.evaluators.language.arrays import functions
from heuresis.evaluators.language.strict import Trusted

_A, _F, _I, _B = types.float64[::1], types.float64, types.int64, types.boolean
_SIGNATURES: Mapping[str, Any] = {
    "_same": _I(_I, _I), "_sign": _F(_F), "_floors": _F(_F), "_ceils": _F(_F), "_copy": _A(_A),
    "_slice": _A(_A, _I, _I), "_compress": _A(_A, _A),
    "_put_slice": _A(_A, _I, _I, _A), "_fill_slice": _A(_A, _I, _I, _F), "_put_mask": _A(_A, _A, _A),
    "_fill_mask": _A(_A, _A, _F), "_cumsum": _A(_A), "_sort": _A(_A), "_sum": _F(_A), "_prod": _F(_A),
    "_dot": _F(_A, _A), "_mean": _F(_A), "_var": _F(_A), "_median": _F(_A), "_argmin": _I(_A),
    "_argmax": _I(_A), "_min": _F(_A), "_max": _F(_A), "_count_nonzero": _I(_A), "_any": _B(_A), "_all": _B(_A),
}  # fmt: skip
_SETTINGS: dict[str, Any] = {"boundscheck": True, "error_model": "numpy"}


def _zeros(size: int) -> Any:
    return np.zeros(size)


def _ones(size: int) -> Any:
    return np.ones(size)


def _full(size: int, value: float) -> Any:
    return np.full(size, value)


_MAKERS: Mapping[Callable[..., Any], Any] = {_zeros: _A(_I), _ones: _A(_I), _full: _A(_I, _F)}


def _compiled() -> dict[str, Any]:
    given = {**{getattr(functions, name): kinds for name, kinds in _SIGNATURES.items()}, **_MAKERS}
    return {f.__name__: Trusted(f, kinds, _SETTINGS, cache=True) for f, kinds in given.items()}


FUNCTIONS: dict[str, Any] = _compiled()
"""By the names that programs are written out with (`lowering.py`)."""
