"""Compiled functions can be called from Python and from compiled loops, and their errors come through both ways."""

import threading
from typing import Any

import numba
import numpy as np
import pytest
from numba import types

from heuresis.evaluators.language.machine_code import CompiledRule, compile_inner, compile_rule

ELEMENT = types.float64(types.Array(types.float64, 1, "C", readonly=True), types.int64)


def element(a: Any, i: int) -> float:
    return a[i]


def double(a: Any, i: int) -> float:
    return 2.0 * a[i] / (i - 1)


def fill(a: Any, n: int) -> None:
    for i in range(n):
        a[i] = i


def test_python_calls_the_function_it_means() -> None:
    one, two = compile_rule(element, ELEMENT), compile_rule(double, ELEMENT)
    a = np.array([1.0, 2.0, 4.0])
    assert [one(a, 2), two(a, 2), one(a, -1), two(a, 1), one(a, 0)] == [4.0, 8.0, 4.0, np.inf, 1.0]
    a.flags.writeable = False
    assert one(a, 1) == 2.0


def test_errors_reach_python() -> None:
    rule = compile_rule(element, ELEMENT)
    for i in (3, -4, 2**62):
        with pytest.raises(IndexError):
            rule(np.zeros(3), i)
    assert rule(np.ones(3), 0) == 1.0


def test_errors_reach_compiled_loops() -> None:
    @numba.njit(types.float64(types.FunctionType(ELEMENT), types.float64[::1], types.int64))
    def total(rule: Any, a: Any, n: int) -> float:
        result = 0.0
        for i in range(n):
            result += rule(a, i)
        return result

    rule = compile_rule(element, ELEMENT)
    assert total(rule, np.arange(4.0), 4) == 6.0
    with pytest.raises(IndexError):
        total(rule, np.arange(4.0), 5)


def test_functions_without_a_value() -> None:
    rule = compile_rule(fill, types.void(types.float64[::1], types.int64))
    a = np.full(3, 9.0)
    assert rule(a, 2) is None
    assert a.tolist() == [0.0, 1.0, 9.0]
    with pytest.raises(IndexError):
        rule(a, 4)


def test_wrong_arguments_are_refused() -> None:
    rule = compile_rule(element, ELEMENT)
    for arguments in ((np.zeros(3),), (np.zeros(3), 1, 2), (np.zeros(3), "x"), (np.zeros((2, 2)), 0), (1.0, 0)):
        with pytest.raises(TypeError):
            rule(*arguments)
    with pytest.raises(TypeError):
        rule(np.arange(6.0)[::2], 0)  # not contiguous


def test_inner_functions_are_called_by_compiled_ones_only_and_keep_their_checks() -> None:
    inner = compile_inner(element)
    fixed = compile_inner(double, ELEMENT)

    def outer(a: Any, i: int) -> float:
        return inner(a, i) + fixed(a, i)

    rule = compile_rule(outer, ELEMENT)
    assert rule(np.array([1.0, 2.0, 4.0]), 2) == 12.0
    with pytest.raises(IndexError):
        rule(np.zeros(3), 3)


def test_rules_can_be_called_from_several_threads() -> None:
    rule = compile_rule(element, ELEMENT)
    found: list[float] = []

    def work() -> None:
        found.extend(rule(np.arange(5.0), 3) for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3.0] * 800
    assert isinstance(rule, CompiledRule)
