"""Sentences of the decoding grammars are programs of the contract."""

import ast
import random

import numpy as np
import pytest
from gbnf import Grammar
from model_parts import ATC, CONTRACT, MDD, SIGNATURE

from heuresis.evaluators.language.contract import SCALAR_CALLS, Contract, Function, Parameter, Unit
from heuresis.evolve.prompts.gbnf import ARITY, PLAIN_CALLS, contract_grammar
from heuresis.evolve.prompts.sketch import Sketch, blank_sketch, make_sketch, unit_of
from heuresis.evolve.prompts.sketch_gbnf import sketch_grammar
from heuresis.sandbox.screen.screen import screen

MAIN = CONTRACT.main
WIDE = Contract((Function("score", MAIN.parameters, "a number"),))
COUNTS = Contract(
    (Function("pick", (Parameter("a", Unit.ONE, "a", True), Parameter("n", Unit.COUNT, "n", False)), "a number"),),
    calls=("max",),
)
SIZES = Contract(
    (Function("fit", (Parameter("x", Unit.ONE, "x", True), Parameter("y", Unit.TIME, "y", True)), "a number"),),
    calls=(),
)


@pytest.mark.parametrize(
    "contract", [CONTRACT, WIDE, COUNTS, SIZES], ids=["plain", "all calls", "no units", "no calls"]
)
def test_every_sentence_is_a_program_of_the_contract(contract: Contract) -> None:
    grammar = Grammar(contract_grammar(contract))
    assert grammar.names() <= set(grammar.rules)
    rng = random.Random(1)
    sentences = {grammar.sample(rng) for _ in range(150)}
    assert len(sentences) > 100
    for sentence in sentences:
        assert screen(sentence, contract.allow_list())


def test_all_offered_calls_have_the_right_arity_and_are_in_the_grammar() -> None:
    text = contract_grammar(WIDE)
    for call in SCALAR_CALLS:
        assert call in ARITY
        assert f'"{call}"' in text


def test_calls_can_be_narrowed() -> None:
    text = contract_grammar(WIDE, calls=PLAIN_CALLS)
    assert '"math.exp"' in text
    assert "math.sin" not in text


def test_local_variables_do_not_shadow_parameters() -> None:
    clash = Contract((Function("f", (Parameter("slack", Unit.TIME, "s", True),), "a number"),))
    assert '"    slack = "' not in contract_grammar(clash)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="assignments"):
        contract_grammar(CONTRACT, assignments=99)
    with pytest.raises(ValueError, match="depth"):
        contract_grammar(CONTRACT, depth=-1)


def sketches() -> list[Sketch]:
    rng = np.random.default_rng(0)
    helper = f"K = 0.5\n\ndef late(a, b):\n    return max(a - b, 0.0)\n\n{SIGNATURE}\n    x = late(t + p, d)\n    if x > 0.0:\n        return p * K\n    return x + d\n"
    found = [make_sketch(source, MAIN, rng, extend=bool(i % 2)) for i in range(12) for source in (MDD, ATC, helper)]
    return [*(s for s in found if s is not None), blank_sketch(MAIN, Unit.TIME), blank_sketch(MAIN, Unit.ONE)]


def test_every_filled_sketch_is_a_program_of_the_contract() -> None:
    rng = random.Random(2)
    made = sketches()
    assert len(made) == 38
    programs = set()
    for sketch in made:
        grammar = Grammar(sketch_grammar(CONTRACT, sketch))
        assert grammar.names() <= set(grammar.rules)
        for _ in range(10):
            program = sketch.fill(grammar.sample(rng))
            assert screen(program, CONTRACT.allow_list())
            programs.add(program)
    assert len(programs) > 300


@pytest.mark.parametrize("contract", [COUNTS, SIZES])
def test_sketches_of_other_contracts(contract: Contract) -> None:
    rng = random.Random(3)
    sketch = blank_sketch(contract.main, Unit.ONE)
    grammar = Grammar(sketch_grammar(contract, sketch))
    for _ in range(50):
        assert screen(sketch.fill(grammar.sample(rng)), contract.allow_list())


def test_a_reply_that_repeats_what_was_shown_fills_the_same_hole() -> None:
    sketch = make_sketch(MDD, MAIN, np.random.default_rng(0), extend=True)
    assert sketch is not None
    assert (
        sketch.fill("0.5 * p")
        == sketch.fill("return max(t + p, d) + 0.5 * p")
        == f"{SIGNATURE}\n    return max(t + p, d) + 0.5 * p\n"
    )


def test_an_extended_sum_is_a_time_and_an_index_gets_a_factor() -> None:
    rng = np.random.default_rng(0)
    mdd, atc = (make_sketch(source, MAIN, rng, extend=True) for source in (MDD, ATC))
    assert mdd is not None
    assert atc is not None
    assert (mdd.unit, atc.unit) == (Unit.TIME, Unit.ONE)
    assert atc.fill("0.5 * d / p_mean").endswith("/ p * (1.0 + 0.5 * d / p_mean)\n")


def test_what_is_added_varies_between_items_and_divisors_are_positive() -> None:
    rng = random.Random(4)
    for source in (MDD, ATC):
        sketch = make_sketch(source, MAIN, np.random.default_rng(0), extend=True)
        assert sketch is not None
        grammar = Grammar(sketch_grammar(CONTRACT, sketch))
        for _ in range(100):
            hole = ast.parse(grammar.sample(rng), mode="eval")
            names = {n.id for n in ast.walk(hole) if isinstance(n, ast.Name)}
            divisors = [n.right for n in ast.walk(hole) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
            assert names & {"p", "d"}
            assert all(isinstance(d, ast.Name) and d.id in {"p", "p_mean"} for d in divisors)


def test_divisors_of_a_program_stay_as_they_are() -> None:
    made = [make_sketch(ATC, MAIN, np.random.default_rng(seed), extend=False) for seed in range(40)]
    assert len({sketch.before for sketch in made if sketch is not None}) >= 5
    assert all(
        sketch.fill("0.0").count("2.0 * p_mean") + sketch.fill("0.0").count("/ p\n") >= 1
        for sketch in made
        if sketch is not None
    )
    assert all("/ 0.0" not in sketch.fill("0.0") for sketch in made if sketch is not None)


@pytest.mark.parametrize("source", ["", "def (", "x = 1\n", f"{SIGNATURE}\n    return d\n"])
def test_a_program_without_an_expression_to_replace_has_no_sketch(source: str) -> None:
    assert make_sketch(source, MAIN, np.random.default_rng(0), extend=False) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("p", Unit.TIME),
        ("n_left", Unit.ONE),
        ("t + p - d", Unit.TIME),
        ("max(t + p, d, 0.0)", Unit.TIME),
        ("p / p_mean", Unit.ONE),
        ("2.0 * p * n_left", Unit.TIME),
        ("math.exp(-p / d)", Unit.ONE),
        ("-p if d > t else d", Unit.TIME),
        ("1.0 / p", None),
        ("p * d", None),
        ("d - t", Unit.TIME),
        ("p + n_left", None),
        ("p > d", None),
    ],
)
def test_units_follow_the_arithmetic(text: str, unit: Unit | None) -> None:
    units = {p.name: p.unit for p in MAIN.parameters}
    assert unit_of(ast.parse(text, mode="eval").body, units) is unit
