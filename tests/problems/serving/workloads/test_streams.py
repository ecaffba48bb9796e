"""Draws by inversion: against the mathematical library, and against the distributions' moments."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.problems.serving.workloads.streams import Stream, exponential, logarithm, normal_quantile


@given(st.floats(1e-300, 1e300))
def test_logarithm(x: float) -> None:
    assert float(logarithm(np.array(x))) == pytest.approx(math.log(x), rel=4e-15, abs=1e-16)


@given(st.floats(-700, 700))
def test_exponential(x: float) -> None:
    assert float(exponential(np.array(x))) == pytest.approx(math.exp(x), rel=1e-14)


def test_exponential_refuses_what_overflows() -> None:
    with pytest.raises(ValueError, match="-700 to 700"):
        exponential(np.array([0.0, 701.0]))


@given(st.floats(1e-16, 1 - 1e-16))
def test_normal_quantile(share: float) -> None:
    assert float(normal_quantile(np.array(share))) == pytest.approx(NormalDist().inv_cdf(share), rel=1e-11, abs=1e-14)


GOLDEN = [
    "0x1.cb2d56de92b2ep-2",
    "-0x1.649dd1206f637p-3",
    "0x1.e51f03b9747edp+6",
    "0x1.489d821783da8p+0",
    "0x1.d4f1bd8b6f332p-8",
    "0x1.15a9203969ef8p+2",
]


def test_draws_never_change() -> None:
    stream = Stream.seeded(1, 2)
    drawn = [stream.shares(1), stream.normal(1), stream.lognormal(1, 5.0, 1.0), stream.exponentials(1)]
    drawn += [stream.gamma(1, 1 / 9), stream.gamma(1, 2.5)]
    assert [float(one[0]).hex() for one in drawn] == GOLDEN
    assert stream.geometric(5, 6.0).tolist() == [9, 4, 1, 1, 7]
    assert stream.choice(5, (1, 2, 3)).tolist() == [1, 0, 1, 2, 0]


def test_shares_lie_strictly_inside() -> None:
    shares = Stream.seeded(3).shares(100_000)
    assert shares.min() > 0.0
    assert shares.max() < 1.0
    assert shares.mean() == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("shape", [1 / 9, 0.5, 1.0, 4.0])
def test_gamma_has_mean_and_variance_equal_to_its_shape(shape: float) -> None:
    drawn = Stream.seeded(4).gamma(200_000, shape)
    assert drawn.min() >= 0.0
    assert drawn.mean() == pytest.approx(shape, rel=0.03)
    assert drawn.var() == pytest.approx(shape, rel=0.06)


def test_the_other_distributions() -> None:
    stream = Stream.seeded(5)
    assert np.median(stream.lognormal(100_000, 6.63, 0.99)) == pytest.approx(math.exp(6.63), rel=0.02)
    assert stream.exponentials(100_000).mean() == pytest.approx(1.0, rel=0.02)
    drawn = stream.geometric(100_000, 6.0)
    assert drawn.min() == 1
    assert drawn.mean() == pytest.approx(6.0, rel=0.02)
    assert drawn.var() == pytest.approx(30.0, rel=0.05)
    assert stream.geometric(3, 1.0).tolist() == [1, 1, 1]
    counts = np.bincount(stream.choice(60_000, (1, 2, 3)))
    assert counts / 10_000 == pytest.approx([1, 2, 3], rel=0.05)
