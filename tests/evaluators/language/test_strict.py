"""What Numba converts without a word is refused, and what it leaves undefined has a meaning."""

import math

import numba
import numpy as np
import pytest
from numba import types
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.cpython import numbers

from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT
from heuresis.evaluators.language.arrays.compiled import FUNCTIONS
from heuresis.evaluators.language.compile import CompileError, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.machine_code import compile_rule
from heuresis.evaluators.language.reference.interpreter import interpreter_of
from heuresis.evaluators.language.strict import Trusted, wrapping
from heuresis.sandbox.screen.screen import screen

PARAMETERS = (
    Parameter("x", Unit.ONE, "", varies=False),
    Parameter("k", Unit.COUNT, "", varies=False, kind=Kind.INT64),
    Parameter("a", Unit.ONE, "", varies=False, kind=Kind.FLOAT64_ARRAY),
)
NUMBERS = Contract((Function("f", PARAMETERS, "a value"),))
HEAD = "def f(x, k, a):\n    "
LEAST, MOST = -(2**63), 2**63 - 1


def both(body: str, x: float = 1.5, k: int = 2) -> list[float | str]:
    """The compiled and the interpreted value, or the names of their exceptions."""
    source = screen(HEAD + body, NUMBERS.allow_list())
    array = [1.0, 2.0, 4.0]
    calls = (
        lambda: compile_program(source, NUMBERS).main(x, k, np.array(array), np.empty(0)),
        lambda: interpreter_of(source, NUMBERS)(x, k, array),
    )
    found: list[float | str] = []
    for call in calls:
        try:
            found.append(call())
        except (ArithmeticError, LookupError, ValueError) as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("given", [types.float64, types.boolean, types.uint64, types.float64[::1]])
def test_a_trusted_function_takes_no_other_type_for_an_integer(given: object) -> None:
    def from_place(a: object, low: int) -> object:
        return a[low]  # type: ignore[index]

    trusted = Trusted(from_place, types.float64(types.float64[::1], types.int64), {}, cache=False)

    def call(a: object, place: object) -> object:
        return trusted(a, place)

    assert numba.njit(types.float64(types.float64[::1], types.int64))(call)(np.array([3.0, 4.0]), 1) == 4.0
    with pytest.raises(TypingError, match="the bound of a slice must be an integer, got "):
        numba.njit(types.float64(types.float64[::1], given))(call)


def test_every_trusted_function_is_strict_and_checks_its_bounds() -> None:
    assert all(isinstance(function, Trusted) for function in FUNCTIONS.values())
    assert all(function.targetoptions["boundscheck"] for function in FUNCTIONS.values())


@pytest.mark.parametrize("low", [LEAST, LEAST + 1, -4, -1, 0, 1, 3, 7, MOST - 1, MOST])
@pytest.mark.parametrize("high", [LEAST, -4, -2, 0, 2, 5, MOST])
def test_slices_hold_every_integer_at_the_ends(low: int, high: int) -> None:
    array = [1.0, 2.0, 4.0]
    filled = list(array)
    filled[low:high] = [0.0] * len(array[low:high])
    assert FUNCTIONS["_slice"](np.array(array), low, high).tolist() == array[low:high]
    assert FUNCTIONS["_fill_slice"](np.array(array), low, high, 0.0).tolist() == filled
    assert FUNCTIONS["_put_slice"](np.array(array), low, high, np.zeros(len(array[low:high]))).tolist() == filled


REFUSED = {
    "a float": (
        "for i in range(x):\n        k += i\n    return k",
        "an argument of range must be an integer, got a float",
    ),
    "a truth value": (
        "t = x > 1\n    for i in range(1, t):\n        k += i\n    return k",
        "got a truth value: use `if`",
    ),
    "a step": ("for i in range(9, 1, x):\n        k += i\n    return k", "an argument of range must be an integer"),
    "on one path": ("n = 1\n    if k > 1:\n        n = x\n    return a[n]", "an index must be an integer, got a float"),
    "round a loop": (
        "n = 1\n    for i in range(3):\n        k += a[n] > 1\n        n = n / 1\n    return k",
        "got a float",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_number_to_count_with_is_an_integer_by_type(name: str) -> None:
    body, reason = REFUSED[name]
    with pytest.raises(CompileError, match=rf"^line \d+, `.*`: .*{reason}"):
        compile_program(screen(HEAD + body, NUMBERS.allow_list()), NUMBERS)


def test_a_truth_value_that_becomes_an_integer_in_a_loop_is_one() -> None:
    assert both("n = x > 1\n    for i in range(3):\n        x += a[n]\n        n = 2\n    return x") == [11.5, 11.5]


@pytest.mark.parametrize(
    ("body", "k", "value"),
    [
        ("if k - 9223372036854775807 - 2 > 0:\n        return 1\n    return 2", 0, 1.0),
        ("m = k + 1\n    return 1.0 if m > k else 2.0", MOST, 2.0),
        ("m = k * 3\n    return 1.0 if m < 0 else 2.0", MOST // 2 - 1, 2.0 if (MOST // 2 - 1) * 3 % 2**64 < 2**63 else 1.0),
        ("return a[k - 9223372036854775807 - 2]", 0, "IndexError"),
        ("s = 0\n    for i in range(k - 9223372036854775807 - 2):\n        s += i\n        if i > 3:\n            break\n    return s", 0, 10.0),
        ("return 2 ** k", 100_000, 0.0),
        ("n = 100000\n    return 3 ** n - 3 ** k", 100_000, 0.0),
        ("k **= 3\n    return k", 2**31, float(2**93 % 2**64)),
        ("return x ** k", 100_000, math.inf),
    ],
)  # fmt: skip
def test_integers_wrap_around_and_no_compiler_concludes_otherwise(body: str, k: int, value: float | str) -> None:
    assert both(body, k=k) == [value, value]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ("0, k, -1", "OverflowError"),
        ("k, 9223372036854775807", "OverflowError"),
        ("9223372036854775807, k", 0.0),
        ("k, 9223372036854775807, 9223372036854775807", "OverflowError"),
        ("-1, k, -9223372036854775807", 1.0),
        ("k, k + 2", 2.0),
        ("k, k - 2", "OverflowError"),
        ("0, k, k - k", "ValueError"),
    ],
)
def test_a_range_counts_what_python_counts_or_is_an_error(bounds: str, found: float | str) -> None:
    body = f"s = 0\n    for i in range({bounds}):\n        s += 1\n        if s > 2:\n            break\n    return s"
    assert both(body, k=LEAST) == [found, found]


def test_rounding_of_whole_arrays_keeps_what_is_not_finite() -> None:
    source = "def priority(item, bins):\n    return np.floor(bins) * 10.0 + np.ceil(bins / item)\n"
    bins = np.array([2.5, -2.5, -0.25, 0.0, math.inf, -math.inf, math.nan, 1e300, 2.0**52 + 1])
    program, out = compile_program(screen(source, CONTRACT.allow_list()), CONTRACT), np.empty(len(bins))
    program.main(2.0, bins, np.empty(0), out, len(bins))
    np.testing.assert_array_equal(out, np.floor(bins) * 10.0 + np.ceil(bins / 2.0))
    np.testing.assert_array_equal(interpreter_of(source, CONTRACT)(2.0, bins), out)
    assert program.pointwise == (True,)


def test_what_is_compiled_outside_of_programs_keeps_what_numba_takes_for_granted() -> None:
    plain, compiled = numbers._int_arith_flags, cpu_target.target_context.cached_internal_func
    with wrapping():
        assert numbers._int_arith_flags(types.int64) == []
    with pytest.raises(TypingError):
        compile_rule(lambda x: x[0], types.float64(types.float64))
    assert numbers._int_arith_flags is plain
    assert plain(types.int64) == ["nsw"]  # else Numba has changed, and `wrapping` is to be looked at again
    assert cpu_target.target_context.cached_internal_func is compiled
