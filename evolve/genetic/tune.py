"""Numeric tuning of the constants of one program by CMA-ES, inside the confined child, on search instances only.

Hansen & Ostermeier 2001, doi:10.1162/106365601750190398, as implemented by the library `cmaes`.
"""

import math
from collections.abc import Callable

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray

Vector = NDArray[np.float64]

RACE = 3
"""Where there is a rough loss, one candidate in so many gets the true one."""

WORST = 1e9
"""What stands for the loss of a candidate that failed or was left out."""


def tune(
    loss: Callable[[Vector], float],
    theta: Vector,
    evaluations: int,
    rng: np.random.Generator,
    sigma: float = 0.25,
    rough: Callable[[Vector], float] | None = None,
) -> tuple[Vector, float]:
    """The best constants found and their loss, never worse than the start; smaller is better.

    The search runs in units of each constant's own size (at least 0.1), so that 0.02 and 200 move alike. Where there is
    a `rough` loss that costs less, only the best of each generation by it get the true one; the others come after them.
    `evaluations` counts candidates.
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
        steps = [optimiser.ask() for _ in range(optimiser.population_size)]
        candidates = [theta + scale * z[: theta.size] for z in steps]
        spent += len(steps)
        judged = len(steps)
        if rough is not None:
            order = np.argsort([rough(c) for c in candidates], kind="stable")
            steps, candidates = [steps[k] for k in order], [candidates[k] for k in order]
            judged = max(2, len(steps) // RACE)
        values = [loss(candidate) for candidate in candidates[:judged]] + [math.inf] * (len(steps) - judged)
        for candidate, value in zip(candidates, values, strict=True):
            if value < best_loss:
                best, best_loss = candidate, value
        # what failed or was left out comes after all others
        told = [v if math.isfinite(v) else WORST + place for place, v in enumerate(values)]
        optimiser.tell(list(zip(steps, told, strict=True)))
    return best, best_loss
