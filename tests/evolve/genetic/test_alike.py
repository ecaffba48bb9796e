"""The same change at both sides of a difference, and parts of a rule that depend on how far things have come."""

import re

import numpy as np
import pytest
from packing_parts import BASELINES, WEIGHTED

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N
from heuresis.evaluators.language.expressions.printer import from_source, to_source, to_text
from heuresis.evaluators.language.expressions.simplify import simplify
from heuresis.evaluators.language.expressions.tree import Expr, array_of, outside
from heuresis.evolve.genetic.alike import scale_term, vary_alike
from heuresis.evolve.genetic.arrays import scales
from heuresis.evolve.genetic.operators import ALL_OPERATORS, COUNT_OPERATORS, vary
from heuresis.evolve.genetic.trees import Grammar

KNOWN, UNKNOWN = Grammar(CONTRACT_N, max_size=120), Grammar(CONTRACT, max_size=120)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def roots(tree: Expr) -> list[str]:
    """The operators under the roots of a weighted sum of squares, those of indices and sizes apart."""
    sums = [node.args[0] for _, node in outside(tree) if node.op == "math.sqrt" and node.args[0].op == "+"]
    found = [node for node in sums if any(array_of(inner) for inner in node.walk())]
    sizes = {"rem", "item", "cap", "-"}
    return [" ".join(n.op for _, n in outside(node) if n.op not in sizes) for node in found]


def test_counts_tell_how_far_things_have_come() -> None:
    assert [to_text(s, CONTRACT_N.main) for s in scales(KNOWN)] == ["n", "left", "n - left + 1.0"]
    assert scales(UNKNOWN) == []


def test_what_changes_on_one_side_changes_on_the_other() -> None:
    assert len(roots(WEIGHTED)) == 2
    changed = 0
    for seed in range(100):
        tree = vary_alike(KNOWN, [WEIGHTED], generator(seed))
        assert tree is not None
        assert tree != WEIGHTED
        sides = roots(tree)
        if len(sides) == 2 and sides != roots(WEIGHTED):
            assert sides[0] == sides[1]
            changed += 1
    assert changed >= 5


def test_sides_that_add_and_take_away_a_constant_are_alike() -> None:
    """The largest alike parts of a weighted sum of squares are its two terms, and a term of its own is added to both."""
    added = 0
    for seed in range(300):
        tree = vary_alike(KNOWN, [WEIGHTED], generator(seed))
        assert tree is not None
        terms = [node for _, node in outside(tree) if node.op == "+" and "*" in (node.args[0].op, node.args[1].op)]
        sizes = [n for n in terms if "counts[]" in (inner.op for inner in n.args[0].walk()) and n.args[0].op == "*"]
        added += len(sizes) >= 2
    assert added > 20


def test_what_is_left_is_weighed_by_the_items_to_come_that_fit() -> None:
    made = {to_text(t, CONTRACT_N.main) for s in range(400) if (t := vary_alike(KNOWN, [WEIGHTED], generator(s)))}
    waste = r"\(rem - item\) / cap / \([\d.]+ \+ share\(seen, rem - item\) \* left\).*\brem / cap / \([\d.]+ \+ share"
    assert any(re.search(waste, text) for text in made)


def test_one_step_weighs_by_the_number_of_items_still_to_come() -> None:
    made = {to_text(t, CONTRACT_N.main) for s in range(300) if (t := vary_alike(KNOWN, [WEIGHTED], generator(s)))}
    expected = "seen[{}] * (left / (n - left + 1.0))"
    assert any(expected.format("rem - item") in text and expected.format("rem") in text for text in made)


def test_without_two_alike_nothing_changes() -> None:
    alone = from_source(
        "def score(item, rem, cap, counts, seen):\n    return counts[rem] * 2.0 - seen[item]\n", CONTRACT
    )
    assert alone is not None
    assert all(vary_alike(UNKNOWN, [tree], generator(0)) is None for tree in (alone, BASELINES["best_fit"]))


def test_parts_depend_on_counts_where_there_are_some() -> None:
    assert scale_term(UNKNOWN, [WEIGHTED], generator(0)) is None
    for seed in range(50):
        tree = scale_term(KNOWN, [WEIGHTED], generator(seed))
        assert tree is not None
        assert {n.op for n in tree.walk()} & {"n", "left"}
    made = [[vary(g, [WEIGHTED], generator(s)) for s in range(300)] for g in (UNKNOWN, KNOWN)]
    without, using = ({one[0] for one in some if one is not None} for some in made)
    assert len(COUNT_OPERATORS) == 1
    assert max(using) == len(ALL_OPERATORS) - 1 > max(without)


@pytest.mark.parametrize("operator", [vary_alike, scale_term])
def test_what_they_make_mostly_fits_and_is_read_back(operator: object) -> None:
    fitting = 0
    for seed in range(60):
        tree = simplify(operator(KNOWN, [WEIGHTED], generator(seed)))  # type: ignore[operator]
        if KNOWN.fits(tree):
            again = from_source(source := to_source(tree, CONTRACT_N), CONTRACT_N)
            assert again is not None
            assert to_source(again, CONTRACT_N) == source
            fitting += 1
    assert fitting > 30
