"""Compilation of screened programs."""

from dataclasses import replace

import numpy as np
import pytest

from heuresis.evaluators.language.compile import CompileError, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit

PARAMETERS = (
    Parameter("x", Unit.ONE, "", varies=False),
    Parameter("k", Unit.COUNT, "", varies=False, kind=Kind.INT64),
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
    again = compile_program("x = 7.0\n\ndef f(x, k):\n    return -x", contract)
    assert again.functions[1] is plain.functions[1]  # compiled once
    assert again.reads[1] == plain.reads[1] == {"x", "k"}


VARYING = Contract(
    (
        Function(
            "g",
            (
                Parameter("x", Unit.ONE, "", varies=True),
                Parameter("y", Unit.ONE, "", varies=False),
                Parameter("k", Unit.COUNT, "", varies=True, kind=Kind.INT64),
            ),
            "a value",
        ),
    )
)
HELPER = "def h(a):\n    return a * theta[1]\n\n"


def test_parameters_that_vary_are_arrays_judged_in_one_call() -> None:
    source = HELPER + "def g(x, y, k):\n    if x > y:\n        return h(x) + k // 2\n    return y / x"
    x, k, out = np.array([0.0, 1.0, 3.0, 5.0]), np.array([7, 7, 7, 9]), np.full(4, 42.0)
    compile_program(source, VARYING).main(x, 2.0, k, THETA, out, 3)
    assert out.tolist() == [np.inf, 2.0, 9.0, 42.0]


def test_many_items_in_one_call_mean_the_same_as_one_after_the_other() -> None:
    body = "    z = x\n    for i in range(k % 4):\n        z = z * 0.5 + y\n    return math.sqrt(z) - x // y"
    scalar = Contract(
        (replace(VARYING.main, parameters=tuple(replace(p, varies=False) for p in VARYING.main.parameters)),)
    )
    one = compile_program("def g(x, y, k):\n" + body, scalar).main
    many = compile_program("def g(x, y, k):\n" + body, VARYING).main
    rng = np.random.default_rng(3)
    x, k, out = rng.normal(size=50), rng.integers(-9, 9, 50), np.empty(50)
    for y in (1.5, -0.25, 0.0):
        many(x, y, k, THETA, out, 50)
        np.testing.assert_array_equal(out, [one(a, y, b, THETA) for a, b in zip(x, k.tolist(), strict=True)])


def test_bounds_are_checked_for_every_item() -> None:
    program = compile_program("def g(x, y, k):\n    return theta[k]", VARYING)
    out = np.empty(2)
    program.main(np.zeros(2), 0.0, np.array([1, 0]), THETA, out, 2)
    assert out.tolist() == [2.0, 0.5]
    with pytest.raises(IndexError):
        program.main(np.zeros(2), 0.0, np.array([1, 2]), THETA, out, 2)


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
