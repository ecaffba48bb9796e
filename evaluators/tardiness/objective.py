"""From totals of tardiness to one number."""

import numpy as np
from numpy.typing import NDArray


def aggregate(totals: NDArray[np.float64], reference: NDArray[np.float64], group: NDArray[np.int64]) -> float:
    """The objective, smaller is better: mean over groups of ΣT/ΣT* − 1, a fraction.

    Where a reference is NaN, or ΣT* is 0 in a group, it is the mean of `totals` (mean tardiness of an instance).
    """
    optimum = np.bincount(group, reference)
    present = np.bincount(group) > 0
    if not np.all(optimum[present] > 0):  # NaN included
        return float(totals.mean())
    reached = np.bincount(group, totals)
    return float(np.mean(reached[present] / optimum[present] - 1.0))
