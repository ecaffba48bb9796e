"""An expression of literals is one number of one kind, whoever asks: Python, screen, reference interpreter, compiler."""

import ast
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.compile import CompileError, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.reference.interpreter import interpreter_of
from heuresis.evaluators.language.reference.rewrite import Untranslatable, rewrite
from heuresis.sandbox.screen.numerals import constant
from heuresis.sandbox.screen.screen import ScreenError, screen

CONTRACT = Contract(
    (
        Function(
            "f",
            (
                Parameter("which", Unit.COUNT, "", varies=False, kind=Kind.INT64),
                Parameter("zero", Unit.COUNT, "0", varies=False, kind=Kind.INT64),
                Parameter("a", Unit.ONE, "", varies=False, kind=Kind.FLOAT64_ARRAY),
            ),
            "a value",
        ),
    )
)
HEAD = "def f(which, zero, a):\n"
LEAVES = ("0", "1", "2", "3", "9", "62", "63", "64", "65537", "9007199254740993", "9223372036854775807", "True", "False",
          "0.0", "0.5", "2.0", "1e308", "1e999")  # fmt: skip


def _combine(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(parts, st.sampled_from(("+", "-", "*", "/", "//", "%", "**")), parts)
    return pair.map(lambda t: f"({t[0]} {t[1]} {t[2]})") | st.tuples(st.sampled_from(("-", "+", "not ")), parts).map(
        lambda t: f"({t[0]}{t[1]})"
    )


def value_of(text: str) -> bool | float | None:
    """Raises ScreenError."""
    return constant(ast.parse(text, mode="eval").body)


def _is_accepted(text: str) -> bool:
    try:
        value_of(text)
    except ScreenError:
        return False
    return True


EXPRESSIONS = st.recursive(st.sampled_from(LEAVES), _combine, max_leaves=5).filter(_is_accepted)


def same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or (
        one == other and math.copysign(1.0, one) == math.copysign(1.0, other)
    )


@settings(max_examples=500, deadline=None)
@given(EXPRESSIONS)
def test_a_constant_is_what_python_computes(text: str) -> None:
    found = value_of(text)
    try:
        wanted = eval(text)
    except ArithmeticError:
        assert found is None
        return
    assert type(found) is type(wanted)
    assert same(found, wanted)


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=8, max_size=8))
def test_compiled_and_interpreted_programs_have_its_value_and_kind(texts: list[str]) -> None:
    """A division by 0 tells the kind: of an integer it is 0, of a float an infinity or NaN."""
    lines = [f"    if which == {2 * i}:\n        return {text}\n" for i, text in enumerate(texts)]
    lines += [f"    if which == {2 * i + 1}:\n        return {text} // zero\n" for i, text in enumerate(texts)]
    source = screen(HEAD + "".join(lines) + "    return 0.5\n", CONTRACT.allow_list())
    compiled, interpreted = compile_program(source, CONTRACT).main, interpreter_of(source, CONTRACT)
    for i, text in enumerate(texts):
        for which in (2 * i, 2 * i + 1):
            answers = []
            for call in (lambda n: interpreted(n, 0, []), lambda n: compiled(n, 0, np.empty(0), np.empty(0))):
                try:
                    answers.append(call(which))
                except ZeroDivisionError:
                    answers.append("ZeroDivisionError")
            one, other = answers
            assert one == other if isinstance(one, str) or isinstance(other, str) else same(one, other), (text, answers)
        number = value_of(text)
        if number is not None:
            assert same(compiled(2 * i, 0, np.empty(0), np.empty(0)), float(number)), text
            assert (compiled(2 * i + 1, 0, np.empty(0), np.empty(0)) == 0.0) is isinstance(number, int), text


@settings(max_examples=12, deadline=None)
@given(EXPRESSIONS)
def test_an_index_is_an_integer_for_all_or_for_none(text: str) -> None:
    number = value_of(text)
    assume(number is not None)
    loop = f"    s = 0.0\n    for i in range({text}):\n        s += i\n    return s\n"
    source = screen(HEAD + loop, CONTRACT.allow_list())
    if type(number) is int:
        compile_program(source, CONTRACT)
        rewrite(source, CONTRACT)
        screen(f"{HEAD}    return a[{text}]\n", CONTRACT.allow_list())
        return
    with pytest.raises(CompileError, match="must be an integer"):
        compile_program(source, CONTRACT)
    with pytest.raises(Untranslatable, match="must be an integer"):
        rewrite(source, CONTRACT)
    with pytest.raises(ScreenError, match="must be an integer"):
        screen(f"{HEAD}    return a[{text}]\n", CONTRACT.allow_list())


@pytest.mark.parametrize("constants", ["K = -True\n", "K = +True\n", "K = -1\n"])
def test_a_signed_truth_value_is_an_integer(constants: str) -> None:
    source = screen(f"{constants}{HEAD}    return a[K]\n", CONTRACT.allow_list())
    place = value_of(constants.strip().removeprefix("K = "))
    array = [3.0, 4.0, 5.0]
    wanted = array[int(place or 0)]
    assert interpreter_of(source, CONTRACT)(0, 0, array) == wanted
    assert compile_program(source, CONTRACT).main(0, 0, np.array(array), np.empty(0)) == wanted


@pytest.mark.parametrize(
    "body", ["return a[K]", "b = np.zeros(K)\n    return b[0]", "b = np.zeros(2)\n    b[K] = 1\n    return b[0]"]
)
def test_a_truth_value_known_beforehand_is_named_where_it_is_no_integer(body: str) -> None:
    source = screen(f"K = True\n{HEAD}    {body}\n", CONTRACT.allow_list())
    with pytest.raises(CompileError, match="must be an integer, got a truth value: use `if`"):
        compile_program(source, CONTRACT)


@pytest.mark.parametrize("test", ["True", "not 0", "3 - 2"])
def test_a_loop_whose_test_is_a_true_constant_is_left_by_break_only(test: str) -> None:
    """What it leaves is an integer for all, although the name was a float before."""
    body = f"    x = 0.5\n    while {test}:\n        x = 1\n        y = 3.0\n        break\n    return y + x // zero\n"
    source = screen(HEAD + body, CONTRACT.allow_list())
    assert compile_program(source, CONTRACT).main(0, 0, np.empty(0), np.empty(0)) == 3.0
    assert interpreter_of(source, CONTRACT)(0, 0, []) == 3.0
