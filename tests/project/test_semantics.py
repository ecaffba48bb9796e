"""The tables of `docs/semantics.md`, through the compiler, the exporter and the interpreter of expressions."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evaluators.language.expressions.interpreter import encode, interpreter
from heuresis.evaluators.language.expressions.printer import from_source
from heuresis.evaluators.language.reference.interpreter import Interpreter
from heuresis.evaluators.language.reference.rewrite import rewrite
from heuresis.sandbox.screen.screen import ScreenError, screen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "semantics.md"
ROWS = re.findall(r"^\| `(.+?)` \| (\S+) \| (\S+) \| (\S+) \|$", PAGE.read_text(), re.MULTILINE)
REFUSED = [row[0] for row in ROWS if row[3] == "refused"]
COMPUTED = [row for row in ROWS if row[3] != "refused"]
NUMBERS = {expression: i for i, expression in enumerate(dict.fromkeys(row[0] for row in COMPUTED))}


def contract(names: str, *, varies: bool = False) -> Contract:
    parameters = tuple(Parameter(name, Unit.ONE, "a number", varies=varies) for name in names)
    return Contract((Function("f", parameters, "a value"),))


CONTRACT, CHOOSING = contract("ab"), contract("abk")
ITEMS = contract("ab", varies=True)


def program(expression: str) -> str:
    return screen(f"def f(a, b):\n    return {expression}\n", CONTRACT.allow_list())


def same(found: float | str, wanted: str) -> bool:
    """Equal, zeros by their sign, NaN to NaN, or the same error."""
    if isinstance(found, str) or wanted.endswith("Error"):
        return found == wanted
    number = float(wanted)
    if math.isnan(found) or math.isnan(number):
        return math.isnan(found) and math.isnan(number)
    return found == number and math.copysign(1.0, found) == math.copysign(1.0, number)


def outcome(call: object, *arguments: object) -> float | str:
    try:
        return float(call(*arguments))  # type: ignore[operator]
    except ArithmeticError as error:
        return type(error).__name__


@pytest.fixture(scope="module")
def compiled() -> Program:
    """All expressions in one program, chosen by `k`, so that one compilation serves all rows."""
    branches = "".join(f"    if k == {i}.0:\n        return {text}\n" for text, i in NUMBERS.items())
    return compile_program(f"def f(a, b, k):\n{branches}    return 0.0\n", CHOOSING)


def test_the_tables_are_found() -> None:
    assert len(ROWS) == sum(1 for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    assert len(COMPUTED) >= 80
    assert len(REFUSED) >= 6


@pytest.mark.parametrize(("expression", "a", "b", "value"), COMPUTED)
def test_compiled_and_exported_agree_with_the_page(
    compiled: Program, expression: str, a: str, b: str, value: str
) -> None:
    screened = program(expression)
    found = outcome(compiled.main, float(a), float(b), float(NUMBERS[expression]), np.zeros(0))
    assert same(found, value), f"compiled: {found}"
    tree = rewrite(screened, CONTRACT)
    found = outcome(Interpreter(tree, CONTRACT).call, "f", [float(a), float(b)])
    assert same(found, value), f"exported: {found}"


NEGATED = (">=", "!=")
"""Read as the negation of what is less, which says something else of NaN: a step of the search takes it so."""
PLAIN = [
    (*row, tree)
    for row in COMPUTED
    if (tree := from_source(program(row[0]), ITEMS)) and not any(one in row[0] for one in NEGATED)
]


def test_many_rows_are_plain_expressions() -> None:
    assert len(PLAIN) >= 25


@pytest.mark.parametrize(("expression", "a", "b", "value", "tree"), PLAIN)
def test_interpreted_expressions_agree_with_the_page(expression: str, a: str, b: str, value: str, tree: object) -> None:
    out = np.empty(1)
    interpreter(ITEMS)(np.array([float(a)]), np.array([float(b)]), encode(tree, ITEMS), out, 1)
    assert same(float(out[0]), value), f"{expression}: {out[0]}"


@pytest.mark.parametrize("expression", REFUSED)
def test_what_the_page_says_is_refused_is(expression: str) -> None:
    with pytest.raises(ScreenError):
        program(expression)


@pytest.mark.parametrize("expression", ["a ** -1", "a % b", "math.floor(a) // math.floor(b)"])
def test_an_expression_compiled_alone_means_the_same(expression: str) -> None:
    main = compile_program(program(expression), CONTRACT).main
    rows = [row for row in COMPUTED if row[0] == expression]
    assert rows
    assert all(same(outcome(main, float(a), float(b), np.zeros(0)), value) for _, a, b, value in rows)
