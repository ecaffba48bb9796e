"""Operators for arrays and for items that differ by whole numbers, and what a step of breeding may cost with them."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packing_parts import BASELINES, PROBLEMS, WEIGHTED, expressions

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N, CONTRACT_STATELESS
from heuresis.evaluators.bin_packing.levels.simulator import Packing, PackingStateless
from heuresis.evaluators.language.contract import Contract, Unit
from heuresis.evaluators.language.expressions.indices import clips, index_names, linear, readable, well_formed
from heuresis.evaluators.language.expressions.interpreter import encode
from heuresis.evaluators.language.expressions.printer import from_source, to_source, to_text
from heuresis.evaluators.language.expressions.tree import Expr, array_of, constants
from heuresis.evaluators.tardiness.contract import CONTRACT as DATES
from heuresis.evolve.genetic.arrays import (
    bump,
    factor,
    progress,
    size_ratio,
    typical,
    weight_of_size,
    with_size,
)
from heuresis.evolve.genetic.breed import PLAIN_EFFORT, Breeder, Effort
from heuresis.evolve.genetic.operators import ALL_OPERATORS, ARRAY_OPERATORS, OPERATORS, WHOLE_OPERATORS, vary
from heuresis.evolve.genetic.reads import forms, random_read, shifted, varying
from heuresis.evolve.genetic.trees import Grammar, unit_of
from heuresis.problems.bin_packing.levels.problem import PROBLEM, PROBLEM_STATELESS

GRAMMARS = {contract: Grammar(contract, max_size=120) for contract in (CONTRACT, CONTRACT_N)}
STATELESS = Grammar(CONTRACT_STATELESS)
NAMED = {name: operator for name, operator, _ in (*WHOLE_OPERATORS, *ARRAY_OPERATORS)}
DONORS = list(BASELINES.values())
SQUARES = BASELINES["sum_of_squares"]


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def simulator(lengths: list[int], make: type[Packing] = Packing) -> Packing:
    """Items of sizes 5 to 60 into bins of 100."""
    rng = generator(3)
    parts = [rng.integers(5, 61, n) for n in lengths]
    return make(
        {
            "items": np.concatenate(parts),
            "offsets": np.concatenate(([0], np.cumsum(lengths))),
            "capacity": np.full(len(lengths), 100),
            "reference": np.array([-(-p.sum() // 100) for p in parts], dtype=np.float64),
            "group": np.zeros(len(lengths)),
        }
    )


def test_the_indices_that_come_to_mind_lie_inside() -> None:
    function = CONTRACT.main
    for array in readable(function):
        found = forms(function, array)
        assert {"rem": 1, "item": -1} in found
        assert {"item": 1, "rem": -1} not in found
        assert len(found) == 6
        assert all(clips(form, array, function) == (False, False) for form in found)
    assert varying(function, {"rem": 1, "item": -1})
    assert not varying(function, {"cap": 1, "item": -1})
    assert all(shifted({"rem": 1}, generator(s))[""] != 0 for s in range(20))


def test_what_is_read_mostly_varies_and_is_rarely_a_share() -> None:
    rng, function = generator(1), CONTRACT.main
    made = [random_read(function, rng) for _ in range(1000)]
    assert {array_of(n) for n in made} == {"counts", "seen"}
    assert 0.02 < np.mean([n.op.endswith("[:]") for n in made]) < 0.1
    names = index_names(function, readable(function)[0])
    found = [linear(n.args[0], names) for n in made]
    assert np.mean([form is not None and varying(function, form) for form in found]) > 0.7
    assert any(form is not None and "" in form for form in found)


@pytest.mark.parametrize("contract", GRAMMARS, ids=["unknown", "known"])
@pytest.mark.parametrize("name", NAMED)
def test_an_operator_makes_another_tree_and_leaves_its_parents_alone(name: str, contract: Contract) -> None:
    grammar, fitting = GRAMMARS[contract], 0
    for seed in range(30):
        parent = expressions(PROBLEMS[contract])["weighted_sum_of_squares"]
        text = to_text(parent, contract.main)
        child, again = (NAMED[name](grammar, [parent, *DONORS], generator(seed)) for _ in range(2))
        assert child == again
        assert to_text(parent, contract.main) == text
        assert child is not None
        assert well_formed(child, contract)
        fitting += grammar.fits(child)
        back = from_source(to_source(child, contract), contract)
        assert back is not None
        assert to_source(back, contract) == to_source(child, contract)
    assert fitting >= 15


def test_what_each_operator_does() -> None:
    grammar = GRAMMARS[CONTRACT]
    for seed in range(40):
        moved = NAMED["index"](grammar, [SQUARES], generator(seed))
        assert moved is not None
        kept = [n.op for n in moved.walk() if n.op not in ("whole", "+", "-", "rem", "item", "cap")]
        assert kept == [n.op for n in SQUARES.walk() if n.op not in ("whole", "+", "-", "rem", "item", "cap")]
        assert np.array_equal(constants(moved), constants(SQUARES))
        pair = NAMED["pair"](grammar, [SQUARES], generator(seed))
        assert pair is not None
        assert sum(array_of(n) is not None for n in pair.walk()) >= 4
        weighed = NAMED["weigh read"](grammar, [SQUARES], generator(seed))
        assert weighed is not None
        assert weighed.size > SQUARES.size
    assert NAMED["index"](grammar, [BASELINES["best_fit"]], generator(0)) is None
    assert NAMED["weigh read"](grammar, [BASELINES["best_fit"]], generator(0)) is None


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([bump, size_ratio, factor]))
def test_weights_are_numbers(seed: int, make: object) -> None:
    for grammar in (GRAMMARS[CONTRACT], STATELESS):  # (a size over a count has the unit of sizes)
        assert unit_of(make(grammar, generator(seed)), grammar.units) is Unit.ONE


def test_progress_compares_counts() -> None:
    grammar = GRAMMARS[CONTRACT_N]
    made = {to_text(progress(grammar, generator(s)), CONTRACT_N.main) for s in range(1000)}
    assert {"left / n", "math.sqrt(left / cap)", "math.sqrt(left / n)"} <= made
    assert any("counts[rem - item] / left" in text for text in made)


def test_operators_are_drawn_where_they_have_a_use() -> None:
    first, second = len(OPERATORS), len(OPERATORS) + len(WHOLE_OPERATORS)

    def drawn(grammar: Grammar, parents: list[Expr]) -> set[int]:
        rng = generator(7)
        return {made[0] for _ in range(150) if (made := vary(grammar, parents, rng)) is not None}

    assert max(drawn(Grammar(DATES), [Expr("max", (Expr("d"), Expr("t"))), Expr("p")])) < first
    without = drawn(STATELESS, [BASELINES["best_fit"], BASELINES["worst_fit"]])
    assert first in without
    assert max(without) < second
    third = second + len(ARRAY_OPERATORS)
    reading = drawn(GRAMMARS[CONTRACT], [SQUARES, *DONORS])
    assert set(range(second, third)) <= reading
    assert max(reading) < third
    assert set(range(second, len(ALL_OPERATORS))) <= drawn(GRAMMARS[CONTRACT_N], [SQUARES, *DONORS])


def test_new_constants_are_seen_by_rules_of_whole_numbers() -> None:
    """A new bump decides something else than best fit does, mostly."""
    made = simulator([3000], PackingStateless)
    breeder = Breeder(made, Effort(), generator(0))
    best_fit = from_source(PROBLEM_STATELESS.baselines[0].source, CONTRACT_STATELESS)
    assert best_fit is not None

    def chosen(tree: Expr) -> list[int]:
        _, levels = made.decide(breeder.judge(tree), encode(tree, CONTRACT_STATELESS), breeder.everything)
        return levels.tolist()

    others = [NAMED["bump"](breeder.grammar, [best_fit], generator(s)) for s in range(40)]
    assert np.mean([chosen(o) != chosen(best_fit) for o in others if o is not None]) > 0.5


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("rem / cap", 0.0, 1.0),
        ("(rem - item) / cap", 0.0, 1.0),
        ("rem / item", 1.0, 9.0),
        ("(cap - rem) / item", 0.0, 9.0),
    ],
)
def test_bumps_lie_where_a_ratio_may_be(text: str, least: float, most: float) -> None:
    ratio = from_source(f"{CONTRACT.main.signature}:\n    return {text}", CONTRACT)
    assert ratio is not None
    drawn = [typical(GRAMMARS[CONTRACT], ratio, generator(s)) for s in range(100)]
    assert least <= min(drawn) < least + 0.2
    assert 0.8 * min(most, 3.0) < max(drawn) <= most


def test_a_step_is_bounded_by_decisions() -> None:
    made = simulator([400, 100, 100, 100, 50, 50])
    effort = Effort(probe_steps=250, tune_steps=500, all_probes=1000, all_tuning=5000)
    breeder = Breeder(made, effort, generator(5))
    order = np.array([1, 2, 3, 0])
    assert breeder.affordable(order, 250).tolist() == [1, 2]
    assert breeder.affordable(order, 300).tolist() == [1, 2, 3]
    assert breeder.affordable(np.array([0, 1]), 50).tolist() == [0]
    assert breeder.times(order, 7000, 600) == 10
    assert breeder.times(order, 10**9, 600) == 600
    assert breeder.times(order, 10, 600) == 1
    assert breeder.offspring(order) == 4
    assert breeder.offspring(np.array([0])) == 2
    assert breeder.heat(np.array([1, 2, 3])).tolist() == [1, 2, 3]
    heats = {tuple(breeder.heat(np.array([4, 1, 0, 5])).tolist()) for _ in range(40)}  # 600 decisions in all
    assert len(heats) > 2
    assert all(made.lengths[list(heat)].sum() <= 120 for heat in heats - {(4, 1, 0, 5)})
    assert (1,) in heats
    for seed in range(5):
        some = Breeder(made, effort, generator(seed)).chosen(SQUARES)
        assert made.lengths[some].sum() <= 500
    whole = Breeder(made, replace(effort, tune_steps=800), generator(0))
    assert whole.chosen(SQUARES).tolist() == Breeder(made, effort, generator(0)).informative(SQUARES).tolist()


def test_a_step_improves_on_sum_of_squares() -> None:
    made = simulator([400, 300, 200, 100])
    effort = Effort(offspring=20, probes=4, tuned=1, evaluations=40, max_size=80)
    start = Breeder(made, effort, generator(0)).probe(SQUARES, np.arange(4))
    losses = []
    for seed in range(3):
        breeder = Breeder(made, effort, generator(seed))
        offspring = breeder.breed([SQUARES, *DONORS])
        assert breeder.probe(offspring.tree, np.arange(4)) == pytest.approx(offspring.loss, abs=0.02)
        losses.append(offspring.loss)
        pruned = Breeder(made, effort, generator(seed)).prune(offspring.tree)
        assert pruned.tree.size <= offspring.tree.size
    assert min(losses) < start


def test_stateless_trees_are_judged_by_table() -> None:
    breeder = Breeder(simulator([400]), Effort(), generator(0))
    assert breeder.judge(BASELINES["best_fit"]).reads == (frozenset({"rem", "item"}),)
    assert breeder.judge(SQUARES).reads == (frozenset({"rem", "item", "cap", "counts"}),)
    assert PROBLEM.contract is CONTRACT


def test_a_rule_without_reads_mostly_stays_so_and_is_judged_on_more() -> None:
    made, effort = simulator([60, 50]), Effort(offspring=6, probes=2, evaluations=8, all_tuning=400)
    best_fit, reading = BASELINES["best_fit"], 0
    for seed in range(40):
        breeder = Breeder(made, effort, generator(seed))
        taking_part = breeder.narrow([best_fit, SQUARES, BASELINES["worst_fit"]])
        if breeder.grammar.reads:
            assert (len(taking_part), breeder.effort) == (3, effort)
            reading += 1
            continue
        assert taking_part == [best_fit, BASELINES["worst_fit"]]
        assert breeder.effort.all_tuning == PLAIN_EFFORT * effort.all_tuning
        offspring = [m[1] for s in range(5) if (m := vary(breeder.grammar, taking_part, generator(s))) is not None]
        assert offspring
        assert all(array_of(node) is None for tree in offspring for node in tree.walk())
    assert 4 <= reading <= 20  # three in ten
    for parents in ([SQUARES, best_fit], []):
        breeder = Breeder(made, effort, generator(0))
        assert breeder.narrow(parents) == parents
        assert breeder.grammar.reads
    stateless = Breeder(simulator([60], PackingStateless), effort, generator(0))
    assert stateless.narrow([best_fit]) == [best_fit]
    assert stateless.effort.all_tuning == PLAIN_EFFORT * effort.all_tuning


@pytest.mark.parametrize(
    ("contract", "texts"),
    [
        (CONTRACT, ["share(seen, rem) * 9", "share(counts, rem) * 9", "9 + seen[rem])", "9 + counts[rem])"]),
        (CONTRACT_N, ["share(seen, rem) * left", "seen[rem] * (left / (n - left + 9))", "counts[rem] * (left / n)"]),
    ],
    ids=["unknown", "known"],
)
def test_sizes_are_weighed_by_how_many_of_them_there_are(contract: Contract, texts: list[str]) -> None:
    drawn = [with_size(weight_of_size(GRAMMARS[contract], generator(s)), Expr("rem")) for s in range(1500)]
    assert all(well_formed(tree, contract) for tree in drawn)
    assert np.mean([GRAMMARS[contract].fits(tree) for tree in drawn]) == 1.0
    found = {re.sub(r"\d[\d.e+-]*", "9", to_text(tree, contract.main)) for tree in drawn}
    assert [text for text in texts if not any(text in one for one in found)] == []


def test_arrays_that_may_be_negative_are_no_frequencies() -> None:
    function = CONTRACT.main
    signed = tuple(replace(p, low=-np.inf) if p in readable(function) else p for p in function.parameters)
    grammar = Grammar(replace(CONTRACT, functions=(replace(function, parameters=signed),)))
    assert len(readable(grammar.contract.main)) == 2
    drawn = [weight_of_size(grammar, generator(s)) for s in range(300)]
    assert all(array_of(node) is None for tree in drawn for node in tree.walk())


GOLDEN = [
    "crossover: (item if rem < cap else 1.0)",
    "term: (-rem if rem < cap else 1.0) + 0.432202 * (cap if cap < item else rem)",
    "bump: (-rem if rem < cap else 1.0) - 0.78857 * math.exp(-abs(4.48513 * (rem / cap - 0.447702))) * item",
    "bump: (-rem if rem < cap else 1.0) + 0.224084 * (math.exp(-abs(11.1983 * ((rem - item) / cap - 0.227892))) * 5.55659e-07) * cap",
    "subtree: (1.0 / math.sqrt(seen[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0)",
    "pair: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0) - 5.99626 * ((rem - item) / item / (1.13377 + counts[rem - item]) * counts[rem - item] - (cap - rem) / item / (1.13377 + counts[cap - rem]) * counts[cap - rem])",
    "read: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 0.168546 * counts[cap - item] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0)",
    "pair: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0) + 3.39298 * (rem / cap / (11.2551 + counts[rem]) * seen[rem] - (rem - item) / cap / (11.2551 + counts[rem - item]) * seen[rem - item])",
    "hinge: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0) + 1.5114",
    "scale: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) * math.exp(-(0.461905 * ((n - left + 1.0) / cap))) if rem < cap else 0)",
    "weigh: (1.0 / math.sqrt(seen[rem - item] + 1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < -0.0867672 * (rem - item) else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0)",
    "hoist: (1.0 / math.sqrt(1.0) * (2.0 * counts[rem - item] + 1.0) if 0 < rem - item else 0) - (1.0 / math.sqrt(seen[rem] + 1.0) * (2.0 * counts[rem] - 1.0) if rem < cap else 0)",
]
"""Changes where these operators, their shares or their draws do: then recorded runs can no longer be repeated."""


def test_a_fixed_seed_gives_the_same_offspring_as_ever() -> None:
    rng, told = generator(2026), list[str]()
    for contract, grammar in ((CONTRACT_STATELESS, STATELESS), *GRAMMARS.items()):
        donors = [BASELINES["best_fit"], BASELINES["worst_fit"]]
        if contract is not CONTRACT_STATELESS:
            donors += [SQUARES, WEIGHTED]
        made = [vary(grammar, [donors[-1], *donors], rng) for _ in range(4)]
        told += [f"{ALL_OPERATORS[m[0]][0]}: {to_text(m[1], contract.main)}" for m in made if m is not None]
    assert told == GOLDEN
