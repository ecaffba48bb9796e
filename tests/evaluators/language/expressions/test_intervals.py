"""Which expressions are finite for every admissible input."""

import math
from contextlib import suppress

import numpy as np
import pytest
from expression_parts import CONTRACTS, GRAMMAR, HEAD, admissible, any_trees, seeds, trees, values
from hypothesis import assume, given, settings

from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.intervals import is_total
from heuresis.evaluators.language.expressions.printer import from_source
from heuresis.evaluators.language.expressions.tree import Expr, const
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evolve.genetic.trees import Grammar, random_program

ROWS = admissible(CONTRACT, 1000, seed=2)


@settings(max_examples=40)
@given(trees)
def test_bred_trees_are_finite_on_all_inputs(tree: Expr) -> None:
    assert is_total(tree, CONTRACT)
    assert np.all(np.isfinite(values(tree, ROWS)))


@settings(max_examples=150)
@given(any_trees)
def test_any_tree_said_to_be_total_is_finite(tree: Expr) -> None:
    assume(is_total(tree, CONTRACT))
    assert np.all(np.isfinite(values(tree, ROWS[:200])))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_random_programs_of_every_contract_are_finite(contract: Contract) -> None:
    rows = admissible(contract, 300, seed=4)
    rng = np.random.default_rng(8)
    for _ in range(30):
        assert np.all(np.isfinite(values(random_program(Grammar(contract), rng), rows, contract)))


@given(seeds)
def test_the_search_has_something_to_search(seed: int) -> None:
    assert is_total(random_program(GRAMMAR, np.random.default_rng(seed)), CONTRACT)


@pytest.mark.parametrize(
    "text",
    [
        "p / p_mean", "d / (t + p)", "1.0 / (d + 0.001)", "p / (-1.0 - t)", "math.log(p)", "math.log1p(t)",
        "math.sqrt(d)", "math.sqrt(abs(d - t))", "math.exp(-max(0.0, d - t - p) / p_mean) / p",
        "math.exp(min(t, 500.0))", "math.tanh(d - t)", "p / max(1.0, d - t)", "p if t < d else d / p",
        "-math.exp(-max(d - p - t, 0.0) / (2.0 * p_mean)) / p", "math.log(math.exp(-abs(t - d)) + 1.0)",
    ],
)  # fmt: skip
def test_what_is_finite_is_let_through(text: str) -> None:
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is not None
    assert is_total(tree, CONTRACT)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("p / d", {"d": 0.0}),
        ("p / (d - t)", {"d": 3.0, "t": 3.0}),
        ("p / (d * t)", {"t": 0.0}),
        ("1.0 / math.exp(-t * t)", {"t": 1e3}),
        ("p / (0.0 * t)", {}),
        ("math.log(d)", {"d": 0.0}),
        ("math.log(p - 1.0)", {"p": 1.0}),
        ("math.log1p(t - 2.0)", {"t": 1.0}),
        ("math.log1p(-p)", {"p": 1.0}),
        ("math.sqrt(d - t)", {"t": 9.0}),
        ("math.exp(p)", {"p": 1e4}),
        ("math.exp(d - t)", {"d": 1e4}),
        ("1.0 / math.exp(-2000.0 - t)", {}),
    ],
)
def test_what_may_fail_is_refused(text: str, bad: dict[str, float]) -> None:
    tree = from_source(HEAD + text, CONTRACT)
    assert tree is not None
    assert not is_total(tree, CONTRACT)
    row = [bad.get(p.name, p.low) for p in CONTRACT.main.parameters]
    with suppress(ArithmeticError, ValueError):  # plain Python raises there
        assert not math.isfinite(values(tree, np.array([row]))[0])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_constant_that_is_no_number_is_refused(value: float) -> None:
    assert not is_total(Expr("+", (Expr("p"), const(value))), CONTRACT)
