"""Where indices are known to lie, against all inputs of a small contract."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from heuresis.evaluators.language.contract import Function, Kind, Parameter, Unit
from heuresis.evaluators.language.expressions.indices import clips, index_names, linear, lowest, readable, written
from heuresis.evaluators.language.expressions.tree import Expr, const, whole


def size(name: str, low: float, at_most: str | None) -> Parameter:
    return Parameter(name, Unit.SIZE, "", name == "b", Kind.INT64, low, at_most)


A, B, C, D = size("a", 1.0, "c"), size("b", 2.0, "c"), size("c", 1.0, None), size("d", 0.0, None)
ARRAY = Parameter("x", Unit.COUNT, "", False, Kind.INT64_ARRAY, 0.0, last="c")
FUNCTION = Function("f", (A, B, C, D, ARRAY), "a value")
NAMES = index_names(FUNCTION, ARRAY)
POINTS = [
    dict(zip("abcd", p, strict=True)) for p in itertools.product(range(1, 9), range(2, 9), range(2, 9), range(6)) if max(p[:2]) <= p[2]
]  # fmt: skip

forms = st.tuples(*[st.integers(-2, 2)] * 4, st.integers(-6, 6)).map(
    lambda k: {name: v for name, v in zip(("a", "b", "c", "d", ""), k, strict=True) if v}
)


def at(form: dict[str, int], point: dict[str, int]) -> int:
    return sum(k * (point[name] if name else 1) for name, k in form.items())


@given(forms)
def test_no_input_lies_below_the_lowest(form: dict[str, int]) -> None:
    low = lowest(form, FUNCTION)
    found = min(at(form, point) for point in POINTS)
    assert low <= found
    if low > -math.inf:
        assert found - low <= 6  # near: only the corner is taken lower than it may be
    else:
        assert found < min(at(form, point) for point in POINTS if max(point.values()) <= 4)  # it falls further


@given(forms)
def test_indices_are_held_where_some_input_needs_it(form: dict[str, int]) -> None:
    below, above = clips(form, ARRAY, FUNCTION)
    assert below or all(at(form, p) >= 0 for p in POINTS)
    assert above or all(at(form, p) <= p["c"] for p in POINTS)


@given(forms)
def test_a_form_is_written_in_one_way(form: dict[str, int]) -> None:
    assert linear(written(form, FUNCTION), NAMES) == form


def test_an_order_that_branches_is_followed_to_its_top() -> None:
    """Both a and b may grow, but only with c: 2c - a - b stays, c - a - b falls."""
    assert lowest({"c": 2, "a": -1, "b": -1}, FUNCTION) == -1.0  # as c is taken to begin where a does
    assert lowest({"c": 1, "a": -1, "b": -1}, FUNCTION) == -math.inf
    assert clips({"c": 1, "a": -1}, ARRAY, FUNCTION) == (False, False)


def test_what_is_no_linear_form() -> None:
    assert linear(Expr("*", (Expr("a"), Expr("b"))), NAMES) is None
    assert linear(const(0.5), NAMES) is None
    assert linear(Expr("e"), NAMES) is None
    assert linear(Expr("neg", (Expr("a"),)), NAMES) == {"a": -1}
    assert linear(Expr("-", (Expr("a"), Expr("a"))), NAMES) == {}
    assert linear(Expr("+", (whole(2), const(3.0))), NAMES) == {"": 5}
    assert readable(FUNCTION) == (ARRAY,)
