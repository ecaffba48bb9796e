"""Compiled functions that wait for their callers."""

import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import types

from heuresis.evaluators.kernels.inner import borrowing_njit, inner_njit


def test_nothing_is_compiled_before_a_caller_is() -> None:
    @inner_njit(types.float64(types.float64), error_model="numpy")
    def half(x):
        return x / 2

    assert not half.signatures

    @numba.njit(types.float64(types.int64), error_model="numpy")
    def quarter(n):
        return half(n) / 2

    assert half.signatures == [(types.float64,)]  # as it says, not as it was called: the integer is converted
    assert quarter(3) == 0.75
    assert half.py_func(3.0) == 1.5


def test_a_second_signature_is_not_made_up() -> None:
    @inner_njit(types.int64(types.float64[::1]))
    def count(values):
        return values.shape[0]

    @numba.njit
    def first(values):
        return count(values)

    @numba.njit
    def every_second(values):
        return count(values[::2])

    assert first(np.zeros(3)) == 3
    with pytest.raises(numba.core.errors.TypingError, match="count"):
        every_second(np.zeros(4))
    assert len(count.signatures) == 1


class Pair(NamedTuple):
    """Two arrays that are handed on together."""

    rows: np.ndarray
    sums: np.ndarray


@pytest.mark.parametrize("make", [inner_njit, borrowing_njit])
def test_references_to_borrowed_arrays_are_not_counted(make) -> None:
    pair = types.NamedTuple((types.int64[:, ::1], types.int64[::1]), Pair)

    @make(types.int64(pair, types.int64))
    def add(pair, i):
        rows, sums = pair.rows, pair.sums
        for r in range(rows.shape[1]):
            if rows[i, r] < 0:
                return r
            sums[i] += rows[i][r]
        while sums[i] > 10:
            sums[i] -= pair.rows[i, 0]
        return 0

    @numba.njit
    def added(rows):
        pair = Pair(rows, np.zeros(rows.shape[0], np.int64))
        for i in range(rows.shape[0]):
            add(pair, i)
        return pair.sums

    assert added(np.arange(6).reshape(2, 3)).tolist() == [3, 9]
    counted = "call void @NRT_incref" in add.inspect_llvm(add.signatures[0])
    assert counted == (make is inner_njit)


def test_a_simulator_out_of_the_cache_is_imported_without_its_parts() -> None:
    code = (
        "from heuresis.evaluators.cache import use_numba_cache; use_numba_cache()\n"
        "from heuresis.evaluators.serving.replica.clock import seconds\n"
        "from heuresis.evaluators.serving.loop import serve\n"
        "print(len(serve.signatures), len(seconds.signatures))"
    )
    printed = ""
    for _ in range(2):  # the first one may have to compile
        printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["1", "0"]
