"""Whole-array programs: compiled, interpreted and exported code against NumPy running the same text."""

import ast
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import whole_programs
from hypothesis import given, settings
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT
from heuresis.evaluators.language.arrays.lowering import lower
from heuresis.evaluators.language.compile import CompileError, Program, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.literals import lift_literals, write_literals
from heuresis.evaluators.language.reference.interpreter import TooLong, interpreter_of
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.language.reference.rewrite import helper_source, helpers_of, rewrite
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
HEAD = whole_programs.HEAD


def checked(source: str) -> str:
    return screen(source, CONTRACT.allow_list())


def run(program: Program, item: float, bins: np.ndarray, theta: np.ndarray = NO_CONSTANTS) -> np.ndarray:
    out = np.full(len(bins), np.nan)
    program.main(item, bins.copy(), theta, out, len(bins))
    return out


COMPILED = OnDemand(lambda source: compile_program(checked(source), CONTRACT), whole_programs.PROGRAMS)
ARRAYS = st.lists(st.integers(1, 12), min_size=2, max_size=9)


@pytest.mark.parametrize("name", whole_programs.PROGRAMS)
@settings(max_examples=12)
@given(sizes=ARRAYS, item=st.integers(1, 6))
def test_all_ways_compute_what_numpy_computes(name: str, sizes: list[int], item: int) -> None:
    source = whole_programs.PROGRAMS[name]
    bins = np.array(sizes, dtype=np.float64) + item - 1
    expected = whole_programs.numpy_of(source)(float(item), bins)
    assert expected.shape == bins.shape
    found = run(COMPILED[name], float(item), bins)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
    interpreted = judge_of(checked(source), CONTRACT)(float(item), bins)
    assert interpreted == pytest.approx(found.tolist(), rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["tuned powers", "masks", "slices"])
def test_lifted_constants_change_nothing_until_they_change(name: str) -> None:
    source, theta = lift_literals(checked(whole_programs.PROGRAMS[name]))
    bins = np.array([5.0, 9.0, 3.0, 12.0, 12.0])
    program = compile_program(source, CONTRACT)
    assert run(program, 3.0, bins, theta).tolist() == pytest.approx(run(COMPILED[name], 3.0, bins), nan_ok=True)
    assert len(theta) > 0
    written = checked(write_literals(checked(whole_programs.PROGRAMS[name]), 2.0 * theta))
    assert run(program, 3.0, bins, 2.0 * theta).tolist() == run(compile_program(written, CONTRACT), 3.0, bins).tolist()


ORDERS = {
    "sort": HEAD + "return np.sort(bins)",
    "median": HEAD + "x = np.copy(bins)\n    x[:] = np.median(bins)\n    return x",
}
ORDERED = OnDemand(lambda source: compile_program(checked(source), CONTRACT), ORDERS)
ANY_FLOATS = st.lists(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0]) | st.floats(-3.0, 3.0), min_size=1, max_size=70
)


def bits(values: Sequence[float]) -> bytes:
    """NaN has one only."""
    return np.where(np.isnan(values), math.nan, values).tobytes()


@pytest.mark.parametrize("name", ORDERS)
@settings(max_examples=60, deadline=None)
@given(values=ANY_FLOATS)
def test_order_is_the_same_to_the_bit_with_nan_and_zeros(name: str, values: list[float]) -> None:
    source = checked(ORDERS[name])
    found = run(ORDERED[name], 1.0, np.array(values))
    tree = rewrite(source, CONTRACT)
    names: dict[str, Any] = {}
    exec("import math\n" + "\n\n".join([*map(helper_source, helpers_of(tree).values()), ast.unparse(tree)]), names)
    assert bits(found.tolist()) == bits(interpreter_of(source, CONTRACT)(1.0, values))
    assert bits(found.tolist()) == bits(names["priority"](1.0, list(values)))
    if name == "sort":
        np.testing.assert_array_equal(found, np.sort(values))


def test_a_median_takes_nan_for_the_largest() -> None:
    median = ORDERED["median"]
    assert run(median, 1.0, np.array([math.nan, 3.0, 1.0])).tolist() == [3.0] * 3
    assert np.isnan(run(median, 1.0, np.array([math.nan, 3.0]))).all()


def test_pointwise_programs_are_told_from_others() -> None:
    assert {n for n, p in COMPILED.items() if p.pointwise == (True,)} == set(whole_programs.POINTWISE)


def test_differences_are_of_the_old_values() -> None:
    """`x[1:] -= x[:-1]` reads what was there before: a loop in place would not."""
    assert run(COMPILED["differences"], 1.0, np.array([1.0, 2.0, 3.0, 5.0])).tolist() == [1.0, 3.0, 5.0, 16.0]


def test_nothing_of_whole_arrays_is_left_when_written_out() -> None:
    for source in whole_programs.PROGRAMS.values():
        tree = lower(ast.parse(checked(source)), CONTRACT)
        attributes = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        assert {a for a in attributes if a.startswith("np.")} <= {"np.zeros", "np.ones", "np.full"}
        assert not any(isinstance(n, ast.Slice | ast.BitAnd | ast.BitOr | ast.Invert) for n in ast.walk(tree))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return bins[1:]", "another length"),
        ("return np.zeros(len(bins) + 1)", "another length"),
        ("return bins + bins[1:]", "different lengths"),
        ("x = np.copy(bins)\n    x[1:] = bins\n    return x", "a slice of another length"),
        ("x = np.copy(bins)\n    x[bins > 2] = bins\n    return x", "as many values"),
        ("return bins - np.max(bins[bins > 1000])", "empty"),
        ("return bins * np.mean(bins[5:])", "empty"),
        ("return bins * np.var(bins[5:])", "empty"),
        ("return bins * np.median(bins[5:])", "empty"),
        ("return bins * np.argmin(bins[5:])", "empty"),
        ("return bins * np.dot(bins, bins[1:])", "different lengths"),
        ("return np.zeros(-1 * len(bins))", "negative"),
    ],
)
def test_what_has_no_meaning_is_an_error(body: str, reason: str) -> None:
    source = checked(HEAD + body)
    bins = np.array([1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match=reason):
        run(compile_program(source, CONTRACT), 1.0, bins)
    if reason == "another length":  # the reference leaves it to its caller
        assert len(interpreter_of(source, CONTRACT)(1.0, bins)) != 3
    else:
        with pytest.raises(ValueError, match=reason):
            interpreter_of(source, CONTRACT)(1.0, bins)
        assert math.isnan(judge_of(source, CONTRACT)(1.0, bins))


def test_an_index_is_checked() -> None:
    program = compile_program(checked(HEAD + "return bins - bins[len(bins)]"), CONTRACT)
    with pytest.raises(IndexError):
        run(program, 1.0, np.ones(3))


def test_a_float_as_an_index_that_the_screen_did_not_see() -> None:
    with pytest.raises(CompileError, match=r"line 2.*integer"):
        compile_program(checked(HEAD + "return bins - bins[item]"), CONTRACT)


def test_the_reference_counts_whole_arrays_as_steps() -> None:
    reference = interpreter_of(checked(HEAD + "return bins - np.sum(bins)"), CONTRACT, 1_000)
    assert reference(1.0, [1.0, 2.0]) == [-2.0, -1.0]
    with pytest.raises(TooLong):
        reference(1.0, [1.0] * 1_001)


def test_a_function_that_returns_an_array_says_along_which() -> None:
    item = Parameter("item", Unit.SIZE, "size", varies=False)
    counts = Parameter("counts", Unit.COUNT, "counts", varies=False, kind=Kind.INT64_ARRAY)
    for per in ("counts", "item", "nothing"):
        with pytest.raises(ValueError, match="no array of float64"):
            Function(name="f", parameters=(item, counts), returns="", per=per)
    assert not Contract((Function(name="f", parameters=(item, counts), returns=""),)).has_whole_arrays
    assert "np.where" in CONTRACT.allowed_calls
