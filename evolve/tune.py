"""Numeric tuning of the constants of one program by CMA-ES, inside the confined child, on search instances only.

Hansen & Ostermeier 2001, doi:10.1162/106365601750190398, as implemented by the library `cmaes`.
"""

from collections.abc import Callable

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def tune(
    loss: Callable[[Vector], float], theta: Vector, evaluations: int, rng: np.random.Generator, sigma: float = 0.25
) -> tuple[Vector, float]:
    """The best constants found and their loss, never worse than the start; smaller is better.

    The search runs in units of each constant's own size (at least 0.1), so that 0.02 and 200 move alike.
    """
    best, best_loss = theta, loss(theta)
    if theta.size == 0 or evaluations < 4:
        return best, best_loss
    scale = np.maximum(np.abs(theta), 0.1)
    # cmaes adapts a full covariance and needs two dimensions; a second, idle one serves a single constant
    size = max(2, theta.size)
    optimiser = CMA(mean=np.zeros(size), sigma=sigma, seed=int(rng.integers(2**31)))
    spent = 1
    while spent + optimiser.population_size <= evaluations and not optimiser.should_stop():
        told = []
        for _ in range(optimiser.population_size):
            z = optimiser.ask()
            candidate = theta + scale * z[: theta.size]
            value = loss(candidate)
            spent += 1
            told.append((z, value if np.isfinite(value) else 1e9))
            if value < best_loss:
                best, best_loss = candidate, value
        optimiser.tell(told)
    return best, best_loss
