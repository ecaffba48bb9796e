"""From nodes or room lost to one number."""

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats


def aggregate(values: Floats, reference: Floats, sizes: NDArray[np.integer], opens: NDArray[np.integer]) -> float:
    """The objective, smaller is better, from the values, lower bounds, numbers of requests and variants of instances.

    Where all open nodes at will, nodes opened over their lower bounds, minus 1; else the mean of what is `lost`.
    """
    if np.all(opens == 1):
        return float(values.sum() / reference.sum() - 1.0)
    return float(lost(values, sizes.astype(np.float64)).mean())


def lost(values: Floats, sizes: Floats) -> Floats:
    """The share of requests not placed plus the share of capacity stranded, for each instance on a fixed fleet.

    A value holds both: its whole part counts the requests not placed, its fraction is the share stranded.
    """
    missing, stranded = parts(values, sizes)
    both: Floats = missing / sizes + stranded
    return both


def parts(values: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The requests not placed, and the share of capacity stranded, in the values of instances on a fixed fleet."""
    missing = np.minimum(np.floor(values), sizes)  # where nothing is placed, everything may be stranded: 1 more
    return missing, values - missing
