"""From bins to one number."""

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints


def aggregate(bins: Floats, bound: Floats, family: Ints) -> float:
    """The objective, smaller is better: the mean over the families of mean bins / mean L1 − 1, a fraction."""
    present = np.bincount(family) > 0
    reached, least = np.bincount(family, bins)[present], np.bincount(family, bound)[present]
    return float(np.mean(reached / least - 1.0))
