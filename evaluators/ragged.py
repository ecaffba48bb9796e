"""Arrays of many instances one after the other: where each begins, and whether decisions are of that shape."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Ints


def offsets(sizes: Iterable[int] | Ints) -> Ints:
    """Where each part begins, and behind the last one where all end (int64, parts + 1)."""
    return np.concatenate(([0], np.cumsum(np.fromiter(sizes, dtype=np.int64)))).astype(np.int64)


def cut(at: Ints, decisions: Decisions) -> Sequence[Decisions]:
    """The decisions on each instance: its place of the first array, its part, from `at[i]` on, of the second."""
    decided, chosen = decisions
    return [(decided[i : i + 1], chosen[at[i] : at[i + 1]]) for i in range(len(at) - 1)]


def split(at: Ints, array: NDArray[np.generic]) -> list[Ints]:
    """The parts of an array of whole numbers, as int64."""
    whole = array.astype(np.int64)
    return [whole[begin:end] for begin, end in pairwise(at.tolist())]


def misfit(decisions: Decisions, count: int, total: int, kinds: str = "iu") -> str:
    """What is wrong with decisions that should be one of each instance and `total` of all parts, or nothing.

    `kinds` are NumPy's letters for the types that the second array may have: what it holds may be negative or not.
    """
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = len(decisions) == 2 and decisions[0].shape == (count,) and decisions[1].shape == (total,)
    if fits and decisions[0].dtype.kind == "u" and decisions[1].dtype.kind in kinds:
        return ""
    return f"expected decisions uint8[{count}], int32[{total}], got {got or 'none'}"
