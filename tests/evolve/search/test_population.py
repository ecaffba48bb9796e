"""Islands as a fold: pure, incremental, bounded, and never with a failure for a parent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_parts import trial

from heuresis.archive.records import Trial
from heuresis.evolve.results.ranking import SEED, distinct, rank, succeeded
from heuresis.evolve.search.population import Population


@st.composite
def histories(draw: st.DrawFn) -> list[Trial]:
    """Trials numbered from 0: good ones (some with equal values), failures, proposals without a program."""
    kinds = draw(st.lists(st.tuples(st.sampled_from("gggfn"), st.integers(0, 9), st.integers(1, 4)), max_size=60))
    made = []
    for number, (kind, value, size) in enumerate(kinds):
        if kind == "n":
            made.append(trial(number, source=None))
        else:
            made.append(trial(number, value / 10 if kind == "g" else None, size=size))
    return made


shapes = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 16))


def empty(shape: tuple[int, int, int]) -> Population:
    islands, capacity, migration = shape
    return Population.empty(islands, capacity=capacity, migration=migration)


@given(histories(), shapes, st.data())
def test_a_fold_over_a_prefix_is_incremental_adding(
    history: list[Trial], shape: tuple[int, int, int], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history)))
    whole = empty(shape).grown(history)
    before = empty(shape).grown(history[:cut])
    assert before.grown(history[cut:]) == whole
    assert before.count == cut
    assert empty(shape).grown(history[:cut]) == before  # growing changed nothing in place


@given(histories(), shapes)
def test_islands_hold_different_programs_best_first_within_capacity(
    history: list[Trial], shape: tuple[int, int, int]
) -> None:
    population = empty(shape).grown(history)
    for island in population.islands:
        assert len(island) <= shape[1]
        assert list(island) == sorted(island, key=rank)
        assert all(succeeded(t) for t in island)
        values = [t.evaluation.values for t in island if t.evaluation is not None]
        assert len(set(values)) == len(values)
    good = [t for t in history if succeeded(t)]
    found = population.best
    assert (found is None) == (not good)
    if found is not None:
        assert rank(found)[:2] == min(map(rank, good))[:2]


@given(histories(), shapes, st.integers(0, 50), st.integers(1, 6))
def test_parents_are_different_successes_and_repeatable(
    history: list[Trial], shape: tuple[int, int, int], number: int, count: int
) -> None:
    population = empty(shape).grown(history)
    parents = population.parents(np.random.default_rng([1, number]), count, number)
    assert parents == population.parents(np.random.default_rng([1, number]), count, number)
    assert all(succeeded(t) for t in parents)
    assert len({t.proposal.number for t in parents}) == len(parents)
    assert list(parents) == sorted(parents, key=rank)
    home = population.islands[number % shape[0]]
    assert len(parents) <= count
    if home:
        assert {t.proposal.number for t in parents} <= {t.proposal.number for t in home}
        assert len(parents) == min(count, len(home))
    else:
        assert bool(parents) == any(map(succeeded, history))


def test_a_trial_settles_on_the_island_of_its_number() -> None:
    population = Population.empty(3).grown([trial(0, 0.5), trial(1, 0.4), trial(2), trial(3, 0.3)])
    assert [[t.proposal.number for t in island] for island in population.islands] == [[3, 0], [1], []]


def test_a_seed_settles_on_every_island() -> None:
    first, second = trial(0, 0.5), trial(1, 0.4)
    seeds = [Trial(replace(t.proposal, operator=SEED), t.evaluation) for t in (first, second)]
    population = Population.empty(3).grown([*seeds, trial(2, 0.3)])
    assert [[t.proposal.number for t in island] for island in population.islands] == [[1, 0], [1, 0], [2, 1, 0]]


def test_the_best_of_each_island_migrates_to_the_next_at_the_same_moment() -> None:
    population = Population.empty(3, migration=4).grown([trial(0, 0.5), trial(1, 0.4), trial(2), trial(3, 0.3)])
    assert [[t.proposal.number for t in island] for island in population.islands] == [[3, 0], [3, 1], [1]]


def test_of_equal_values_the_smaller_code_stays_then_the_earlier() -> None:
    values = (1.0, 2.0)
    big, small, late = (
        trial(0, 0.5, size=9, values=values),
        trial(1, 0.5, size=5, values=values),
        trial(2, 0.5, size=5, values=values),
    )
    assert Population.empty(1).grown([big, small, late]).islands == ((small,),)
    assert distinct([late, big, small], 5) == [small]


def test_failures_are_remembered_newest_first_and_duplicates_are_none() -> None:
    duplicate = trial(2)
    duplicate = Trial(replace(duplicate.proposal, reason="duplicate of c_1"), None)
    population = Population.empty(2).grown([trial(0), trial(1, source=None), duplicate, trial(3)])
    assert [t.proposal.number for t in population.failures] == [3, 1, 0]


def test_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="expected trial 0 next, got 1"):
        Population.empty(2).grown([trial(1, 0.1)])


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_sizes_must_be_positive(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        empty(shape)


def test_better_programs_become_parents_more_often() -> None:
    population = Population.empty(1).grown(trial(n, n / 100) for n in range(20))
    rng = np.random.default_rng(5)
    chosen = [t.proposal.number for _ in range(400) for t in population.parents(rng, 1, 0)]
    assert np.mean(np.array(chosen) < 5) > 0.5
    assert len(set(chosen)) > 8
