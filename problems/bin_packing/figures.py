"""What an online packing looks like: how many bins too many over time, and what the bins have left at the end."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.figures import Curve, Figure, cumulative, thinned


def figures(
    instance: PackingInstance, opens: Mapping[str, NDArray[np.bool_]], left: Mapping[str, Ints]
) -> Sequence[Figure]:
    """Of packings by the name of who made them: bins beyond L1 over time; what bins have left; room lost.

    `opens` says of each item whether it takes a new bin, `left` what each bin has left at the end.
    """
    bound = -(-np.cumsum(instance.items) // instance.capacity)
    over_time = {name: np.cumsum(new) - bound for name, new in opens.items()}
    return (
        Figure(
            "Bins opened beyond the lower bound L1 of the items so far",
            "items packed",
            "bins too many",
            [Curve(name, *_over_items(beyond), steps=True) for name, beyond in over_time.items()],
        ),
        Figure(
            "At the end: bins with at most so much left",
            "left in a bin",
            "share of bins",
            [cumulative(name, values.astype(np.float64)) for name, values in left.items()],
        ),
        Figure(
            "At the end: room lost in bins with at most so much left",
            "left in a bin",
            "% of all room",
            [_lost(name, values, instance.capacity) for name, values in left.items()],
        ),
    )


def _over_items(values: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """A value after each item, thinned."""
    rows = thinned(np.stack([np.arange(1, len(values) + 1), values], axis=1).astype(np.float64))
    return rows[:, 0], rows[:, 1]


def _lost(name: str, left: NDArray[np.int64], capacity: int) -> Curve:
    """The room in bins that have at most so much left, in percent of the room of all bins."""
    room = np.arange(capacity + 1) * np.bincount(left, minlength=capacity + 1)
    shown = np.arange(int(left.max()) + 1)
    share = 100.0 * np.cumsum(room)[shown] / (capacity * len(left))
    return Curve(name, shown.astype(np.float64), share, steps=True)
