"""Estimates of output lengths: what a policy sees in place of the length itself."""

from typing import Final

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.serving.instances import LARGEST_TOKENS
from heuresis.problems.serving.workloads.streams import Stream, exponential

DEFAULT_NOISE: Final = 0.5
"""Sigma of the logarithm: two estimates of three lie between 0.61 and 1.65 times the length."""

_STREAM: Final = 5_000_000


def estimated(output: Ints, sigma: float, *seed: int) -> Floats:
    """Each output length times a lognormal of median 1 and this sigma, 1 or more tokens.

    A seed gives the same noise to a request however many follow it, and more of the same for a larger sigma.
    """
    noise = exponential(sigma * Stream.seeded(_STREAM, *seed).normal(len(output)))
    result: Floats = np.clip(np.round(output * noise, 3), 1.0, float(LARGEST_TOKENS))
    return result
