"""Lifting floating literals and writing them back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.compile import MAX_LITERALS, compile_program, lift_literals, write_literals
from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit

CONTRACT = Contract((Function("f", tuple(Parameter(n, Unit.ONE, "", varies=False) for n in "xy"), "a value"),))
NO_CONSTANTS = np.zeros(0)


def test_every_floating_literal_becomes_a_parameter() -> None:
    lifted, theta = lift_literals("def f(x, y):\n    return 0.5 * x + max(y, -2.5)")
    assert lifted == "def f(x, y):\n    return theta[0] * x + max(y, theta[1])"
    assert theta.tolist() == [0.5, -2.5]


@pytest.mark.parametrize(
    "kept",
    [
        "def f(x, y):\n    return x ** 2.0",
        "def f(x, y):\n    return x ** (-0.5 * y)",
        "def f(x, y):\n    return math.pow(x, 2.0)",
        "def f(x, y):\n    x **= 0.5\n    return x",
        "def f(x, y):\n    return 2 * x + 3",
        "E = 2.0\n\ndef f(x, y):\n    return x ** E + E",
        "E = 2.0\n\ndef f(x, y):\n    return x + y",
    ],
)
def test_exponents_integers_and_unused_constants_stay(kept: str) -> None:
    lifted, theta = lift_literals(kept)
    assert lifted == kept
    assert len(theta) == 0


def test_a_module_constant_is_one_parameter_wherever_it_is_used() -> None:
    source = "K = 1.5\n\ndef g(x):\n    return K * x\n\ndef f(x, y):\n    return g(x) + K + 0.25"
    lifted, theta = lift_literals(source)
    assert theta.tolist() == [1.5, 0.25]
    assert lifted.count("theta[0]") == 2
    written = write_literals(source, np.array([3.0, 4.0]))
    assert written == source.replace("1.5", "3.0").replace("0.25", "4.0")


def test_a_local_name_hides_a_module_constant() -> None:
    lifted, theta = lift_literals("K = 1.5\n\ndef f(x, y):\n    K = x\n    return K + y")
    assert len(theta) == 0
    assert "theta" not in lifted


def test_the_program_may_use_the_name_theta_itself() -> None:
    source = "def f(x, y):\n    theta = x * 2.0\n    return theta + y"
    lifted, theta = lift_literals(source)
    assert compile_program(lifted, CONTRACT).main(3.0, 1.0, theta) == 7.0
    assert compile_program(source, CONTRACT).main(3.0, 1.0, NO_CONSTANTS) == 7.0


def test_a_negative_base_keeps_its_sign_when_written_back() -> None:
    written = write_literals("def f(x, y):\n    return 0.5 ** 2 + x", np.array([-3.0]))
    assert compile_program(written, CONTRACT).main(0.0, 0.0, NO_CONSTANTS) == 9.0


def test_values_are_written_with_six_digits() -> None:
    assert "0.333333 " in write_literals("def f(x, y):\n    return 0.5 * x", np.array([1 / 3]))
    assert "0.333333 " in write_literals("def f(x, y):\n    return 0.5 * x + y", np.array([0.33333333]))


def test_lifting_stops_at_the_cap_and_writing_agrees() -> None:
    source = "def f(x, y):\n    return x + " + " + ".join(f"{i}.5" for i in range(MAX_LITERALS + 6))
    lifted, theta = lift_literals(source)
    assert len(theta) == MAX_LITERALS
    assert f"{MAX_LITERALS}.5" in lifted
    assert write_literals(source, theta) == source


@pytest.mark.parametrize(("values", "message"), [([1.0, 2.0], "1 literals"), ([], "1 literals"), ([np.nan], "finite")])
def test_wrong_values_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_literals("def f(x, y):\n    return 0.5 * x", np.array(values, dtype=np.float64))


_LEAVES = st.sampled_from(["x", "y", "K"]) | st.floats(0.01, 9.0).map(lambda v: f"{v:.4g}").map(
    lambda text: text if "." in text else text + ".0"
)


def _combine(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(["({} + {})", "({} - {})", "({} * {})", "max({}, {})", "({} / {})"]), children,
                      children)  # fmt: skip
    return (
        pairs.map(lambda t: t[0].format(t[1], t[2]))
        | children.map(lambda c: f"(-{c})")
        | children.map(lambda c: f"h({c})")
        | children.map(lambda c: f"({c} ** 2.0)")
    )


@settings(max_examples=15, deadline=None)
@given(st.recursive(_LEAVES, _combine, max_leaves=8), st.floats(0.1, 50.0), st.floats(0.1, 50.0))
def test_the_lifted_program_computes_the_same(expression: str, x: float, y: float) -> None:
    source = f"K = 0.75\n\ndef h(z):\n    return z * 1.25 - 0.5\n\ndef f(x, y):\n    return {expression}"
    lifted, theta = lift_literals(source)
    expected = compile_program(source, CONTRACT).main(x, y, NO_CONSTANTS)
    got = compile_program(lifted, CONTRACT).main(x, y, theta)
    assert got == expected or (np.isnan(got) and np.isnan(expected))
    assert write_literals(write_literals(source, theta), theta) == write_literals(source, theta)
