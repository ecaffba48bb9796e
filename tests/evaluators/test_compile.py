"""Compilation of screened programs."""

import numpy as np
import pytest

from heuresis.evaluators.compile import CompileError, compile_program
from heuresis.evaluators.contract import Contract, Function, Kind, Parameter, Unit

PARAMETERS = (
    Parameter("x", Unit.ONE, "", varies=True),
    Parameter("k", Unit.COUNT, "", varies=True, kind=Kind.INT64),
)
CONTRACT = Contract((Function("f", PARAMETERS, "a value"),))
THETA = np.array([0.5, 2.0])


def value(source: str, x: float = 3.0, k: int = 2) -> float:
    return compile_program(source, CONTRACT).main(x, k, THETA)


def test_helpers_constants_and_modules_work() -> None:
    source = "K = 2.0\n\ndef h(a, b):\n    return a * K + b\n\ndef f(x, k):\n    return h(x, b=math.sqrt(4.0)) + k"
    assert value(source) == 10.0


def test_theta_reaches_helpers() -> None:
    assert value("def h(a):\n    return a * theta[1]\n\ndef f(x, k):\n    return h(x) + theta[0]") == 6.5


def test_integers_stay_integers_inside_and_come_out_as_floats() -> None:
    assert value("def f(x, k):\n    return k // 2 + 7 % k", k=4) == 5.0
    assert isinstance(value("def f(x, k):\n    return k"), float)


def test_division_by_zero_is_an_infinity_and_a_bad_logarithm_is_not_a_number() -> None:
    assert value("def f(x, k):\n    return 1.0 / x", x=0.0) == np.inf
    assert np.isnan(value("def f(x, k):\n    return math.log(-x)"))


def test_bounds_are_checked() -> None:
    with pytest.raises(IndexError):
        value("def f(x, k):\n    return theta[k]", k=2)


def test_an_optional_function_has_its_default_body() -> None:
    contract = Contract(
        (CONTRACT.main, Function("g", PARAMETERS, "another", default="if k > 2:\n    x = 9.0\nreturn x"))
    )
    plain = compile_program("def f(x, k):\n    return x", contract)
    own = compile_program("def f(x, k):\n    return x\n\ndef g(x, k):\n    return -x", contract)
    assert [g(3.0, 5, THETA) for g in plain.functions] == [3.0, 9.0]
    assert [g(3.0, 5, THETA) for g in own.functions] == [3.0, -3.0]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x, k):\n    return x +", r"line 2: invalid syntax"),
        ("def f(x, k):\n    y = 1.0\n    return foo(x) + y", r"line 3, `return foo\(x\) \+ y`: .*'foo' is not defined"),
        ("def f(x, k):\n    y = x\n    return 'a' + y", r"line 3, `return 'a' \+ y`"),
        ("def f(x, k):\n    return math.nothing(x)", r"no attribute 'nothing'"),
        ("def h(a):\n    return a[0]\n\ndef f(x, k):\n    return h(x)", r"line 5, `return h\(x\)`"),
        ("def h(a):\n    return a\n\ndef f(x, k):\n    return h(x, k)", r"line 5: `h` takes 1 arguments, got 2"),
        ("def f(x, k):\n    if x > 0:\n        return 1.0", r"none to float64"),
        ("def f(x, k):\n    return x, k", r"line 2, `return \(?x, k\)?`: No conversion from .* to float64"),
        ("def f(x):\n    return x", r"expected `def f\(x, k\)`, got `def f\(x\)`"),
        ("def g(x, k):\n    return x", r"must define `def f\(x, k\)`"),
        ("K = missing\n\ndef f(x, k):\n    return x", r"module level of the program fails"),
    ],
)
def test_messages_are_short_and_name_the_line(source: str, message: str) -> None:
    with pytest.raises(CompileError, match=message) as caught:
        compile_program(source, CONTRACT)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
