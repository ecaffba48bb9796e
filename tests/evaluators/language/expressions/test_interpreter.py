"""The interpreter of expressions against compiled programs and plain Python."""

import math

import numpy as np
import pytest
from expression_parts import (
    BASELINES,
    CONTRACTS,
    NAMES,
    NO_CONSTANTS,
    admissible,
    any_trees,
    bred,
    columns,
    tiny_simulator,
    trees,
    values,
    wild,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.interpreter import MAX_STACK, decode, encode, interpreter, stack_height
from heuresis.evaluators.language.expressions.printer import format_constant, to_source
from heuresis.evaluators.language.expressions.tree import CONST, OPCODES, Expr, const, constants, lifted
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evolve.genetic.trees import Grammar, random_program

JUDGE = interpreter(CONTRACT)
EVERYTHING = np.arange(20)


def interpreted(tree: Expr, rows: np.ndarray, contract: Contract = CONTRACT) -> np.ndarray:
    out = np.empty(len(rows))
    interpreter(contract)(*columns(rows, contract), encode(tree, contract), out, len(rows))
    return out


def same_decision(rows: np.ndarray, contract: Contract = CONTRACT) -> np.ndarray:
    """The rows with what does not vary between items as in the first."""
    fixed = [i for i, p in enumerate(contract.main.parameters) if not p.varies]
    rows = rows.copy()
    rows[:, fixed] = rows[0, fixed]
    return rows


def written(tree: Expr) -> Expr:
    """The tree with the constants that its source says."""
    theta = [float(format_constant(x)) for x in constants(tree)]
    return decode(np.concatenate([encode(tree, CONTRACT)[: tree.size + 1], theta]), CONTRACT)


@given(any_trees)
def test_encoding_is_undone_by_decoding(tree: Expr) -> None:
    theta = encode(tree, CONTRACT)
    assert theta.dtype == np.float64
    assert theta[0] == tree.size
    assert decode(theta, CONTRACT) == tree


@settings(max_examples=60)
@given(trees, st.integers(0, 999))
def test_it_computes_what_plain_python_computes(tree: Expr, seed: int) -> None:
    rows = same_decision(admissible(CONTRACT, 20, seed))
    np.testing.assert_allclose(interpreted(tree, rows), values(tree, rows), rtol=1e-13)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_it_serves_every_contract(contract: Contract) -> None:
    rng = np.random.default_rng(1)
    for seed in range(20):
        tree = random_program(Grammar(contract), rng)
        rows = same_decision(admissible(contract, 20, seed), contract)
        np.testing.assert_allclose(interpreted(tree, rows, contract), values(tree, rows, contract), rtol=1e-13)


def test_only_the_first_items_are_judged() -> None:
    rows, out = same_decision(admissible(CONTRACT, 5, 1)), np.full(5, 42.0)
    JUDGE(*columns(rows), encode(Expr("p"), CONTRACT), out, 3)
    assert out.tolist() == [*rows[:3, 0], 42.0, 42.0]


_OPERANDS = [Expr("p"), Expr("t"), const(-2.5)]
_EVERY = [Expr(op, (a,)) for op in ("neg", "abs", "math.sqrt", "math.exp", "math.log", "math.tanh", "math.log1p")
          for a in _OPERANDS]  # fmt: skip
_EVERY += [Expr(op, (a, b)) for op in ("+", "-", "*", "/", "min", "max") for a in _OPERANDS for b in _OPERANDS]
_EVERY += [Expr("if_less", (a, b, b, a)) for a in _OPERANDS for b in _OPERANDS]


def test_every_operator_means_what_compiled_code_means_also_where_values_are_not_finite() -> None:
    p = np.array([0.0, -0.0, 1.0, -1.0, 2.5, math.inf, -math.inf, math.nan, 1e-310, 800.0])
    for start in range(0, len(_EVERY), 30):
        some = _EVERY[start : start + 30]
        numbers = iter(range(len(some)))
        branches = "\n".join(f"    if d == {next(numbers)}.0:\n        return {_text(tree)}" for tree in some)
        program = compile_program(f"{CONTRACT.main.signature}:\n{branches}\n    return 0.0\n", CONTRACT).main
        for number, tree in enumerate(some):
            for t in (3.0, -0.0, math.nan, -math.inf):
                arguments = [p, np.full(len(p), float(number)), t, *[1.0] * (len(NAMES) - 3)]
                expected, got = np.empty(len(p)), np.empty(len(p))
                program(*arguments, NO_CONSTANTS, expected, len(p))
                JUDGE(*arguments, encode(tree, CONTRACT), got, len(p))
                np.testing.assert_array_equal(got, expected, err_msg=f"{_text(tree)}, t = {t}")


def _text(tree: Expr) -> str:
    return to_source(tree, CONTRACT).partition("return ")[2].strip()


@pytest.mark.parametrize("tree", [*map(bred, range(6)), *BASELINES.values()], ids=lambda tree: f"{tree.size} nodes")
def test_schedules_and_losses_are_those_of_the_compiled_program(tree: Expr) -> None:
    tree, simulator = written(tree), tiny_simulator()
    inlined = compile_program(to_source(tree, CONTRACT), CONTRACT)
    parameters = compile_program(to_source(lifted(tree), CONTRACT), CONTRACT)
    ways = [(JUDGE, encode(tree, CONTRACT)), (inlined, NO_CONSTANTS), (parameters, constants(tree))]
    losses = [simulator.loss(program, theta, EVERYTHING) for program, theta in ways]
    assert losses == [losses[0]] * 3
    assert math.isfinite(losses[0])
    decided = [simulator.decide(program, theta, EVERYTHING) for program, theta in ways]
    for valid, sequences in decided:
        assert valid.tolist() == decided[0][0].tolist() == [1] * 20
        assert sequences.tolist() == decided[0][1].tolist()
    excess = [simulator.excess(program, theta, EVERYTHING) for program, theta in ways]
    assert np.array_equal(excess[0], excess[1])
    assert np.array_equal(excess[0], excess[2])


def test_a_value_that_is_not_finite_fails_as_it_does_compiled() -> None:
    tree = Expr("math.log", (Expr("-", (Expr("d"), Expr("t"))),))
    simulator = tiny_simulator()
    program = compile_program(to_source(tree, CONTRACT), CONTRACT)
    assert simulator.loss(JUDGE, encode(tree, CONTRACT), EVERYTHING) == math.inf
    assert simulator.loss(program, NO_CONSTANTS, EVERYTHING) == math.inf
    mine, other = (simulator.decide(r, t, EVERYTHING) for r, t in ((JUDGE, encode(tree, CONTRACT)), (program, NO_CONSTANTS)))  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(mine, other, strict=True))
    assert not mine[0].all()


def tower(levels: int, place: int) -> Expr:
    """A tree of conditionals, each the operand number `place` of the next."""
    tree = Expr("p")
    for _ in range(levels):
        args = [Expr("t")] * 4
        args[place] = tree
        tree = Expr("if_less", tuple(args))
    return tree


def test_the_stack_is_measured() -> None:
    assert stack_height(Expr("p")) == 1
    assert stack_height(tower(50, 0)) == 4
    assert stack_height(tower(7, 3)) == 22
    leaning = Expr("p")
    for _ in range(MAX_STACK - 1):
        leaning = Expr("+", (Expr("t"), leaning))
    assert stack_height(leaning) == MAX_STACK
    rows = same_decision(admissible(CONTRACT, 4, 0))
    np.testing.assert_array_equal(interpreted(leaning, rows), values(leaning, rows))
    with pytest.raises(ValueError, match="stack of 25 operands, more than 24"):
        encode(Expr("+", (Expr("t"), leaning)), CONTRACT)
    with pytest.raises(ValueError, match="stack of 25 operands"):
        encode(tower(8, 3), CONTRACT)


@given(any_trees)
def test_no_run_of_the_stack_is_higher_than_measured(tree: Expr) -> None:
    height, highest = 0, 0
    for node in tree.walk():
        height += 1 - len(node.args)
        highest = max(highest, height)
    assert highest == stack_height(tree)


@pytest.mark.parametrize(
    "theta",
    [
        [], [1.0], [0.0, 0.0], [-1.0, 0.0], [2.0, 0.0], [1e300, 0.0], [np.nan, 0.0], [1.0, np.nan], [1.0, np.inf],
        [1.0, 0.5], [1.0, -0.5], [1.5, 0.0], [1.0, 1e19], [1.0, 10.0], [1.0, 99.0], [1.0, float(CONST)],
        [1.0, 0.0, 1.0], [1.0, float(CONST), 1.0, 2.0], [2.0, 0.0, 1.0], [2.0, 0.0, float(OPCODES["+"])],
        [51.0, *[0.0] * 26, *[OPCODES["+"]] * 25],
    ],
    ids=lambda theta: " ".join(f"{x:g}" for x in theta[:4]) or "nothing",
)  # fmt: skip
def test_what_no_encoding_can_be_is_refused(theta: list[float]) -> None:
    with pytest.raises(ValueError):
        decode(np.array(theta), CONTRACT)


def test_a_matrix_is_no_encoding() -> None:
    with pytest.raises(ValueError, match="not an encoded expression"):
        decode(np.zeros((2, 2)), CONTRACT)


@settings(max_examples=200)
@given(st.integers(0, 10**6), st.integers(0, 400), st.sampled_from([0.0, 1.0, -1.0, 0.5, 100.0, 200.0, 1e9, np.nan]))
def test_a_damaged_encoding_is_refused_or_another_expression(seed: int, place: int, value: float) -> None:
    theta = encode(wild(seed), CONTRACT)
    theta[place % len(theta)] = value
    try:
        tree = decode(theta, CONTRACT)
    except ValueError:
        return
    assert np.array_equal(encode(tree, CONTRACT), theta)
