"""Choosing the smallest value."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evaluators.kernels.smallest import first_smallest

_ties = st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e308, -1e308])
_finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=400)
@given(st.lists(_ties | _finite, min_size=1, max_size=70), st.data())
def test_it_is_the_first_smallest_of_the_first_values(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    assert first_smallest(np.array(values), count) == int(np.argmin(values[:count]))


@settings(max_examples=200)
@given(st.lists(_finite, min_size=1, max_size=70), st.data())
def test_one_value_that_is_not_finite_is_enough_to_fail(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    values[place] = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    assert first_smallest(np.array(values), len(values)) == -1
    if place:
        assert first_smallest(np.array(values), place) == int(np.argmin(values[:place]))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1000])
def test_every_length_of_vector_instructions(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(30):
        values = rng.integers(-3, 4, count).astype(np.float64)
        assert first_smallest(values, count) == int(np.argmin(values))
        assert first_smallest(np.full(count, 7.0), count) == 0
        values[rng.integers(count)] = rng.choice([math.nan, math.inf, -math.inf])
        assert first_smallest(values, count) == -1
