"""Tuning of constants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evolve.genetic.tune import tune

START = np.array([0.5, -20.0, 300.0])
TARGET = np.array([0.6, -26.0, 240.0])


def bowl(theta: np.ndarray) -> float:
    """Smallest at the target, each constant in its own unit."""
    return float(np.sum(((theta - TARGET) / np.abs(START)) ** 2))


def test_it_finds_constants_of_very_different_size() -> None:
    theta, loss = tune(bowl, START, 600, np.random.default_rng(1))
    assert loss == bowl(theta)
    assert loss < 1e-6 < bowl(START)
    np.testing.assert_allclose(theta, TARGET, rtol=1e-2)


def test_a_single_constant_is_tuned_too() -> None:
    theta, loss = tune(lambda x: float((x[0] - 1.3) ** 2), np.array([1.0]), 200, np.random.default_rng(1))
    assert theta.shape == (1,)
    assert abs(theta[0] - 1.3) < 1e-3
    assert loss < 1e-6


def test_zero_moves() -> None:
    theta, _ = tune(lambda x: float((x[0] - 0.1) ** 2), np.zeros(1), 200, np.random.default_rng(1))
    assert abs(theta[0] - 0.1) < 1e-3


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(0, 5))
def test_never_worse_than_the_start_and_never_more_than_allowed(seed: int, evaluations: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    start, direction = rng.normal(size=size), rng.normal(size=size)
    seen: list[float] = []

    def rugged(theta: np.ndarray) -> float:
        value = float(np.sin(7.0 * theta @ direction) + np.round(theta @ theta))
        seen.append(value if len(seen) % 7 else (value, math.inf, math.nan)[seed % 3] if seen else value)
        return seen[-1]

    theta, loss = tune(rugged, start, evaluations, np.random.default_rng(seed))
    assert len(seen) <= max(1, evaluations)
    assert loss == np.nanmin(seen) <= seen[0]
    assert theta.shape == start.shape
    if loss == seen[0]:
        assert theta.tolist() == start.tolist()


def test_the_same_generator_gives_the_same_constants() -> None:
    (one, _), (again, _), (other, _) = (tune(bowl, START, 60, np.random.default_rng(s)) for s in (4, 4, 5))
    assert one.tolist() == again.tolist() != other.tolist()


def test_a_program_that_fails_at_the_start_may_be_repaired() -> None:
    theta, loss = tune(lambda x: math.inf if x[0] < 1.05 else float(x[0]), np.ones(1), 100, np.random.default_rng(0))
    assert 1.05 <= theta[0] == loss


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_program_that_always_fails_keeps_its_constants(value: float) -> None:
    theta, loss = tune(lambda _: value, START, 50, np.random.default_rng(0))
    assert theta.tolist() == START.tolist()
    assert not math.isfinite(loss)


def test_the_start_is_left_alone() -> None:
    start = START.copy()
    tune(bowl, start, 60, np.random.default_rng(1))
    assert start.tolist() == START.tolist()


def test_a_rough_loss_decides_who_gets_the_true_one() -> None:
    true, rough = list[float](), list[float]()

    def near(theta: np.ndarray) -> float:
        true.append(bowl(theta))
        return true[-1]

    def about(theta: np.ndarray) -> float:
        rough.append(bowl(theta) + 0.01 * math.sin(1e6 * theta[0]))
        return rough[-1]

    theta, loss = tune(near, START, 600, np.random.default_rng(1), rough=about)
    assert loss == bowl(theta) == min(true)
    assert loss < 0.01 < bowl(START)
    assert 500 < len(rough) < 600
    assert len(true) < 0.4 * len(rough)


def test_what_is_left_out_of_a_race_never_wins() -> None:
    def wrong(theta: np.ndarray) -> float:
        return -bowl(theta)

    theta, loss = tune(bowl, START, 200, np.random.default_rng(1), rough=wrong)
    assert loss == bowl(theta) <= bowl(START)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_race_in_which_all_fail_changes_nothing(value: float) -> None:
    theta, loss = tune(lambda _: value, START, 100, np.random.default_rng(0), rough=bowl)
    assert theta.tolist() == START.tolist()
    assert not math.isfinite(loss)

    def fails_but_at_the_start(theta: np.ndarray) -> float:
        return 100.0 if theta.tolist() == START.tolist() else value

    theta, loss = tune(fails_but_at_the_start, START, 100, np.random.default_rng(0), rough=bowl)
    assert theta.tolist() == START.tolist()
    assert loss == 100.0
