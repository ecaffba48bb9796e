"""Expressions printed as programs, and programs read as expressions."""

import ast
import time

import numpy as np
import pytest
from expression_parts import BASELINES, HEAD, NAMES, admissible, any_trees, trees, values
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.expressions.printer import format_constant, from_source, to_source, to_text
from heuresis.evaluators.language.expressions.tree import MAX_SIZE, Expr, constants, with_constants
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.sandbox.screen.screen import screen

SIGNATURE = CONTRACT.main.signature + ":\n"
ROWS = admissible(CONTRACT, 30, seed=11)


def rounded(tree: Expr) -> Expr:
    """The tree with its constants as they are written."""
    return with_constants(tree, [float(format_constant(x)) for x in constants(tree)])


@given(trees)
def test_a_printed_tree_reads_as_the_same_function(tree: Expr) -> None:
    source = to_source(tree, CONTRACT)
    again = from_source(source, CONTRACT)
    assert again is not None
    np.testing.assert_array_equal(values(again, ROWS), values(rounded(tree), ROWS))


@given(any_trees)
def test_python_computes_what_the_text_says(tree: Expr) -> None:
    read = from_source(HEAD + to_text(tree), CONTRACT)
    assert read is not None
    assert read.size <= tree.size
    names = {"math": __import__("math")}
    code = compile(to_text(tree), "<text>", "eval")
    for row in ROWS[:5].tolist():
        inputs = dict(zip(NAMES, row, strict=True))
        try:
            expected = values(rounded(tree), np.array([row]))[0]
        except ArithmeticError as error:
            with pytest.raises(type(error)):
                eval(code, names, inputs)
            continue
        assert eval(code, names, inputs) == expected or np.isnan(expected)


@given(trees)
def test_a_printed_tree_passes_the_screen_unchanged(tree: Expr) -> None:
    source = to_source(tree, CONTRACT)
    assert ast.unparse(ast.parse(screen(source, CONTRACT.allow_list()))) == ast.unparse(ast.parse(source))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_constants_are_float_literals_of_six_digits(number: float) -> None:
    read = ast.literal_eval(format_constant(number))
    assert isinstance(read, float)
    assert read == float(f"{number:.6g}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p - (d - t)", "p - (d - t)"),
        ("p - d - t", "p - d - t"),
        ("p / (d / t) * n_left", "p / (d / t) * n_left"),
        ("(p + d) * -t", "(p + d) * -t"),
        ("-(p * d)", "-(p * d)"),
        ("-(-p)", "-(-p)"),
        ("-(p + d)", "-(p + d)"),
        ("(p if t < d else t) + 1", "(p if t < d else t) + 1.0"),
        ("p * (2.0 if t + p < d else -0.5)", "p * (2.0 if t + p < d else -0.5)"),
    ],
)
def test_parentheses_only_where_they_mean_something(text: str, wanted: str) -> None:
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is not None
    assert to_text(tree) == wanted


def test_a_long_sum_is_written_term_by_term() -> None:
    text = "max(t + p, d) + 0.5 * max(0.0, t / p_mean) - 0.25 * (d_max - d_min) + -0.125 * p_mean * (p / p_max + 1.0)"
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is not None
    assert to_source(tree, CONTRACT).splitlines()[1:] == [
        "    value = max(t + p, d)",
        "    value += 0.5 * max(0.0, t / p_mean)",
        "    value -= 0.25 * (d_max - d_min)",
        "    value -= 0.125 * p_mean * (p / p_max + 1.0)",
        "    return value",
    ]


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        ("x = t + p\n    return max(x, d)", "max(t + p, d)"),
        ("'''A docstring.'''\n    x: float = t\n    x += p\n    x *= 2\n    return x", "(t + p) * 2.0"),
        ("if t > d:\n        return p\n    return d", "(p if d < t else d)"),
        ("if t <= d:\n        x = p\n    else:\n        x = d\n    return x", "(d if d < t else p)"),
        ("if t >= d:\n        return p\n    elif p < d:\n        return d\n    else:\n        return t",
         "((d if p < d else t) if t < d else p)"),
        ("return p if t == d else t", "(t if t < d else (t if d < t else p))"),
        ("return p if t != d else t", "(p if t < d else (p if d < t else t))"),
        ("x = p\n    if t < d:\n        x = d\n    return x - t", "(d if t < d else p) - t"),
        ("x = p\n    if t < d:\n        x += 2.0\n    return x", "p + (2.0 if t < d else 0)"),
        ("x = p\n    if t < d:\n        y = 1.0\n    else:\n        x = x - t\n    return x", "p - (0 if t < d else t)"),
        ("return h(p) + h(d - t)", "p + (d - t)"),
        ("return min(p, d, t)", "min(min(p, d), t)"),
        ("return (p - d) ** 2", "(p - d) * (p - d)"),
        ("return float(p) + math.fabs(d)", "p + abs(d)"),
        ("return K * p + K", "1.5 * p + 1.5"),
        ("p = d\n    return p", "d"),
        ("return p\n    return d", "p"),
    ],
)  # fmt: skip
def test_straight_programs_are_understood(body: str, expression: str) -> None:
    tree = from_source(f"K = 1.5\n\n\ndef h(x):\n    return x\n\n\n{SIGNATURE}    {body}\n", CONTRACT)
    assert tree is not None
    assert to_text(tree) == expression


@pytest.mark.parametrize(
    "body",
    [
        "s = 0.0\n    for i in range(3):\n        s += p\n    return s",
        "while p < d:\n        p *= 2.0\n    return p",
        "return h(p, d)",
        "return priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max)",
        "if t < d:\n        y = 1.0\n    return y",
        "return p if t < d and d < p else t",
        "return p if t < d < p else t",
        "return p if t is d else t",
        "return p if t else d",
        "return p % d",
        "return p // d",
        "return p ** 3",
        "return math.floor(p)",
        "return max(p)",
        "return x + p",
        "return p + True",
        "return 1e999 * p",
        "return p + 1" + "0" * 400,
        "x = p",
        "if t < d:\n        return p",
        "x, y = p, d\n    return x",
        "return",
        "return p +",
        "return 'p'",
    ],
)
def test_what_is_more_than_an_expression_is_left_alone(body: str) -> None:
    assert from_source(f"def h(x):\n    return x\n\n{SIGNATURE}    {body}\n", CONTRACT) is None


@pytest.mark.parametrize(
    "source", ["", "x = 1.0\n", "def priority(p):\n    return p\n", "def f(:", "\x00", "((((" * 200]
)
def test_other_texts_are_no_expressions(source: str) -> None:
    assert from_source(source, CONTRACT) is None


DOUBLINGS = {
    "squares in one another": f"{SIGNATURE}    return {'(' * 60}p{' ** 2)' * 60}\n",
    "a name used twice again and again": SIGNATURE + "    x = p\n" + "    x = x + x\n" * 60 + "    return x\n",
    "one branch after the other": (
        SIGNATURE + "    x = p\n" + "    if t < d:\n        x = x + 1.0\n" * 90 + "    return x\n"
    ),
    "a branch that squares, again and again": (
        SIGNATURE + "    x = p\n" + "    if t < d:\n        x = x * x\n" * 60 + "    return x\n"
    ),
    "more branches than Python's stack": (
        SIGNATURE + "    x = p\n" + "    if t < d:\n        x = 1.0\n" * 3000 + "    return x\n"
    ),
    "a long sum": SIGNATURE + "    return p" + " + p" * 700 + "\n",
}


@pytest.mark.parametrize("name", DOUBLINGS)
def test_programs_that_stand_for_huge_trees_are_given_up_quickly(name: str) -> None:
    start = time.process_time()
    assert from_source(DOUBLINGS[name], CONTRACT) is None
    assert time.process_time() - start < 5.0


def test_the_largest_tree_that_is_read() -> None:
    def total(terms: int) -> str:
        return HEAD + " + ".join(["p"] * terms)

    largest = from_source(total((MAX_SIZE + 1) // 2), CONTRACT)
    assert largest is not None
    assert largest.size == MAX_SIZE - 1
    assert from_source(total(MAX_SIZE // 2 + 1), CONTRACT) is None


def test_the_baselines_are_expressions() -> None:
    assert set(BASELINES) >= {"spt", "edd", "mdd", "mddc", "atc", "covert"}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=300)
@given(st.text("pdt+-*/(). <\n:=return if else 0123456789", max_size=60))
def test_any_text_is_read_or_left_alone(text: str) -> None:
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is None or tree.size <= MAX_SIZE
