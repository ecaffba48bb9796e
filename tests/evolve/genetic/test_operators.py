"""Typed genetic programming: what the operators make of trees."""

import numpy as np
import pytest
from expression_parts import BASELINES, CONTRACTS, GRAMMAR, NAMES, admissible, any_trees, bred, seeds, trees, values
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evaluators.language.expressions.intervals import is_total
from heuresis.evaluators.language.expressions.printer import from_source, to_text
from heuresis.evaluators.language.expressions.simplify import simplify
from heuresis.evaluators.language.expressions.tree import Expr, const, constants
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evolve.genetic import operators
from heuresis.evolve.genetic.operators import OPERATORS, prunings, vary
from heuresis.evolve.genetic.trees import Grammar, random_program, unit_of

ROWS = admissible(CONTRACT, 40, seed=6)
DONORS = list(BASELINES.values())
NAMED = {name: operator for name, operator, _ in OPERATORS}
UNITS = GRAMMAR.units


def read(text: str) -> Expr:
    tree = from_source(f"{CONTRACT.main.signature}:\n    return {text}\n", CONTRACT)
    assert tree is not None
    return tree


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- random trees


@given(seeds, st.sampled_from(list(Unit)[:2]), st.integers(1, 6))
def test_a_random_tree_has_the_unit_asked_for(seed: int, unit: Unit, depth: int) -> None:
    tree = operators.random_tree(GRAMMAR, unit, depth, generator(seed))
    assert unit_of(tree, UNITS) is unit
    assert tree.depth <= depth + 6


@given(seeds, st.integers(1, 6))
def test_a_random_number_has_no_unit(seed: int, depth: int) -> None:
    assert unit_of(operators.random_tree(GRAMMAR, Unit.ONE, depth, generator(seed)), UNITS) is Unit.ONE


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_random_programs_fit_and_tell_items_apart(contract: Contract) -> None:
    grammar, rng = Grammar(contract), generator(5)
    varying = {p.name for p in contract.main.parameters if p.varies}
    made = [random_program(grammar, rng) for _ in range(60)]
    assert all(grammar.fits(tree) for tree in made)
    assert all(varying & {n.op for n in tree.walk()} for tree in made)
    assert len(set(map(to_text, made))) > 30


def test_a_function_whose_parameters_never_vary_has_random_programs_too() -> None:
    grammar = Grammar(Contract((Function("f", (Parameter("t", Unit.TIME, "", varies=False, low=0.0),), "a value"),)))
    assert len({random_program(grammar, generator(seed)) for seed in range(20)}) > 5


def test_no_random_program_is_an_error() -> None:
    item = Parameter("t", Unit.TIME, "", varies=True, low=0.0)
    with pytest.raises(ValueError, match="no admissible random tree"):
        random_program(Grammar(Contract((Function("f", (item,), "a value"),)), max_size=0), generator(0))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("d", Unit.DATE), ("p", Unit.TIME), ("n_left", Unit.ONE), ("2.0", Unit.ONE), ("t + p", Unit.DATE),
        ("p + t", Unit.DATE), ("d - t", Unit.TIME), ("d - p", Unit.DATE), ("max(t + p, d)", Unit.DATE),
        ("max(0.0, d - t)", Unit.TIME), ("p / p_mean", Unit.ONE), ("p / n_left", Unit.TIME), ("0.5 * p", Unit.TIME),
        ("p * n_left", Unit.TIME), ("-d", Unit.DATE), ("abs(d - t)", Unit.TIME), ("math.sqrt(p)", Unit.ONE),
        ("p if t < d else p_mean", Unit.TIME), ("0.5 * d", Unit.DATE), ("min(1.0, 2.0)", Unit.ONE),
    ],
)  # fmt: skip
def test_units_of_expressions(text: str, unit: Unit) -> None:
    assert unit_of(read(text), UNITS) is unit


# --- operators


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=60)
@given(seed=seeds)
def test_an_operator_makes_another_tree_or_none_and_leaves_its_parents_alone(name: str, seed: int) -> None:
    parent = bred(seed)
    text = to_text(parent)
    child = NAMED[name](GRAMMAR, [parent, *DONORS], generator(seed))
    again = NAMED[name](GRAMMAR, [parent, *DONORS], generator(seed))
    assert child == again
    assert to_text(parent) == text
    if child is not None:
        assert {n.op for n in child.walk() if not n.args} <= {"const", *NAMES}
        assert unit_of(child, UNITS) in Unit


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"point"}))
def test_operators_keep_the_unit_of_a_rule_unless_a_bare_constant_stands_for_a_time(name: str) -> None:
    kept = []
    for seed in range(150):
        parent = bred(seed)
        child = NAMED[name](GRAMMAR, [parent, *DONORS], generator(seed))
        if child is not None:
            kept.append(unit_of(child, UNITS) is unit_of(parent, UNITS))
    assert np.mean(kept) > 0.95
    assert name in {"widen", "term", "subtree", "hoist"} or all(kept)


@pytest.mark.parametrize("name", NAMED)
def test_every_operator_has_something_to_do(name: str) -> None:
    made = [NAMED[name](GRAMMAR, [BASELINES["atc"], *DONORS], generator(seed)) for seed in range(40)]
    assert sum(1 for child in made if child is not None and GRAMMAR.fits(child)) >= 8


def test_shares_are_probabilities() -> None:
    assert sum(share for _, _, share in OPERATORS) == pytest.approx(1.0, abs=0.02)
    assert all(share > 0 for _, _, share in OPERATORS)


def test_what_each_operator_does() -> None:
    parent = read("max(t + 2.0 * p, d)")
    sizes = {name: set() for name in NAMED}
    for seed in range(60):
        for name, operator in NAMED.items():
            child = operator(GRAMMAR, [parent, read("d - p_max")], generator(seed))
            if child is not None:
                sizes[name].add(child.size)
                if name == "perturb":
                    assert constants(child)[0] > 0.0
                    assert to_text(child) == to_text(parent).replace("2.0", f"{constants(child)[0]:.6g}")
                if name == "hinge":
                    assert child.args[0] == parent
                    assert any(n.op == "max" and n.args[0] == const(0.0) for n in child.args[1].walk())
    assert sizes["perturb"] == sizes["point"] == {parent.size}
    assert max(sizes["hoist"]) < parent.size
    assert min(sizes["hinge"] | sizes["term"] | sizes["widen"] | sizes["weigh"]) > parent.size


def test_crossover_takes_from_the_others() -> None:
    parent, donor = read("max(t + p, d)"), read("d_mean - 3.0 * p_max")
    made = {to_text(c) for s in range(60) if (c := NAMED["crossover"](GRAMMAR, [parent, donor], generator(s)))}
    assert "max(t + p, d_mean)" in made
    assert "d_mean - 3.0 * p_max" in made
    assert NAMED["crossover"](GRAMMAR, [parent], generator(0)) is None


@settings(max_examples=60)
@given(seeds)
def test_offspring_fit_and_follow_from_the_generator(seed: int) -> None:
    parents = [bred(seed), *DONORS]
    made, again = (vary(GRAMMAR, parents, generator(seed)) for _ in range(2))
    assert made == again
    assert made is not None
    which, child, donor = made
    assert 0 <= donor < len(parents)
    assert 0 <= which < len(OPERATORS)
    assert GRAMMAR.fits(child)
    assert child != parents[0]
    assert child == simplify(child)


def test_offspring_respect_the_limits() -> None:
    small = Grammar(CONTRACT, max_size=9, max_depth=4)
    tree, rng = read("max(t + p, d)"), generator(1)
    for _ in range(200):
        made = vary(small, [tree, *DONORS], rng)
        if made is not None:
            tree = made[1]
        assert tree.size <= 9
        assert tree.depth <= 4


def test_no_offspring_where_nothing_fits() -> None:
    assert vary(Grammar(CONTRACT, max_size=0), [read("p")], generator(0)) is None


# --- pruning and simplification


@settings(max_examples=25)
@given(trees)
def test_prunings_shrink(tree: Expr) -> None:
    made = list(prunings(tree))
    assert len(made) == sum(len(node.args) for node in tree.walk())
    assert all(smaller.size < tree.size for smaller in made)
    assert {n.op for smaller in made for n in smaller.walk() if not n.args} <= {"const", *NAMES}


def test_prunings_come_by_what_they_save() -> None:
    assert [to_text(t) for t in prunings(read("max(t + p, d - p)"))] == [
        "t + p",
        "d - p",
        "max(t, d - p)",
        "max(p, d - p)",
        "max(t + p, d)",
        "max(t + p, p)",
    ]


@settings(max_examples=150)
@given(any_trees)
def test_simplifying_keeps_values_where_they_are_finite(tree: Expr) -> None:
    simple = simplify(tree)
    assert simple.size <= tree.size
    assert simplify(simple) == simple
    if is_total(tree, CONTRACT):
        np.testing.assert_allclose(values(simple, ROWS), values(tree, ROWS), rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("p + 0.0", "p"), ("0.0 + p", "p"), ("p - 0.0", "p"), ("p * 1.0", "p"), ("1.0 * p", "p"), ("p / 1.0", "p"),
        ("0.0 * p", "0.0"), ("p - p", "0.0"), ("p / p", "1.0"), ("max(p, p)", "p"), ("min(d, d)", "d"),
        ("--p", "p"), ("abs(abs(d - t))", "abs(d - t)"), ("p if t < t else d", "d"), ("p if t < d else p", "p"),
        ("2.0 * 3.0 * p", "6.0 * p"), ("math.tanh(0.0) + p", "p"), ("max(1.0, 2.0) - p", "2.0 - p"),
        ("(t - t) * d + (p + (2.0 - 2.0))", "p"), ("p - d", "p - d"), ("0.0 - p", "0.0 - p"), ("1.0 / p", "1.0 / p"),
    ],
)  # fmt: skip
def test_what_is_simplified(text: str, simple: str) -> None:
    assert to_text(simplify(read(text))) == simple


# --- golden


GOLDEN = [
    "term: max(t + p, d) - 0.0198207 * (p_max if d - d_min < p_sum else p_sum)",
    "crossover: d",
    "term: max(t + p + 0.434515 * (max(d_mean - d, p_sum) + (t - d if p_max < p_mean else p_mean)), d)",
    "crossover: max(d + p, d)",
    "hinge: max(t + p, d) - 2.31448 * max(0.0, -0.764195 + 1.61841 * (max(p_sum, t - d_max) / p) - 0.555584 * ((d_min - d_max) / p_mean) - 0.593312 * (max(p_max, d - d_max) / p_max) - 0.652107 * math.sqrt(n_left)) * p_sum",
    "term: max(t + p, d + 0.0033197 * (p_max if d_mean - d < p else p_sum))",
    "term: max(t + p, d - 0.108163 * (t - d_min))",
    "subtree: d_max",
    "random: (max(d_min - d_max + (d_min - d_mean), p / p_mean * (d_mean - d)) if max(d_max - d_mean - p_mean, p_mean / p_max * (d_min - d_max)) < (t - d_mean if t - d < p else p_sum) - min(d_max - t, p) else d_min - d_mean + (d_max - d_min) - min(d - d_mean, t - d_min))",
    "random: min(d_min + (d - t) - 1.96008 * min(d_max - d, p_sum), max(max(d_min, d_mean), d_max))",
    "random: (min(p_max - p_sum, min(d - d_max, d - t)) + (d_max - d)) / p_mean",
]
"""Changes where operators, their shares or their draws do: then recorded runs can no longer be repeated from their seed."""


def test_a_fixed_seed_gives_the_same_offspring_as_ever() -> None:
    rng = generator(2026)
    made = [vary(GRAMMAR, [BASELINES["mdd"], *DONORS], rng) for _ in range(8)]
    told = [f"{OPERATORS[m[0]][0]}: {to_text(m[1])}" for m in made if m is not None]
    told += [f"random: {to_text(random_program(GRAMMAR, rng))}" for _ in range(3)]
    assert told == GOLDEN
