"""Numeric tuning of the constants of one program by CMA-ES, inside the confined child, on search instances only.

Hansen & Ostermeier 2001, doi:10.1162/106365601750190398, as implemented by the library `cmaes`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray

Vector = NDArray[np.float64]


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
        values = [loss(c) for c in candidates] if rough is None else _raced(loss, rough, candidates)
        spent += len(steps)
        for candidate, value in zip(candidates, values, strict=True):
            if value < best_loss:
                best, best_loss = candidate, value
        optimiser.tell([(z, v if np.isfinite(v) else 1e9) for z, v in zip(steps, values, strict=True)])
    return best, best_loss


def _raced(
    loss: Callable[[Vector], float], rough: Callable[[Vector], float], candidates: Sequence[Vector]
) -> list[float]:
    """The loss of the best third by a rough loss; of the others something worse, in the order of the rough loss."""
    order = np.argsort([rough(c) for c in candidates], kind="stable")
    values = [0.0] * len(candidates)
    full = max(2, len(candidates) // 3)
    for place in order[:full]:
        values[place] = loss(candidates[place])
    worst = max((v for v in (values[k] for k in order[:full]) if np.isfinite(v)), default=1.0)
    for behind, place in enumerate(order[full:], start=1):
        values[place] = worst + abs(worst) * behind + behind
    return values
