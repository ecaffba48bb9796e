"""The shape of decisions of serving and routing: a flag and a length of each instance, and one stream of them all."""

from collections.abc import Sequence

import numpy as np

from heuresis.evaluators.aliases import Decisions


def misfit(decisions: Decisions, count: int) -> str:
    """What is wrong with the shape of the decisions, or nothing."""
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = len(decisions) == 3 and all(a.ndim == 1 for a in decisions)
    if fits:
        decided, lengths, stream = decisions[0], decisions[1].astype(np.int64), decisions[2]
        fits = decided.shape == lengths.shape == (count,) and decided.dtype.kind == "u"
        fits = fits and decisions[1].dtype == np.int64 and stream.dtype == np.int32
        # Lengths come from a child: none may be negative or so large that their sum wraps around.
        fits = fits and bool(np.all((lengths >= 0) & (lengths <= len(stream)))) and lengths.sum() == len(stream)
    return "" if fits else f"expected decisions uint8[{count}], int64[{count}], int32[their sum], got {got or 'none'}"


def cut(decisions: Decisions) -> Sequence[Decisions]:
    """Of each instance, whether it was decided, the length of its decisions and themselves.

    Raises ValueError where the lengths are not those of the decisions.
    """
    decided, told, stream = decisions
    lengths = told.astype(np.int64)
    inside = np.all((lengths >= 0) & (lengths <= len(stream)))  # else their sum might wrap around
    ends = np.cumsum(lengths)
    if decided.shape != lengths.shape or not inside or int(ends[-1]) != len(stream):
        raise ValueError(f"the lengths of the decisions do not add up to {len(stream)} numbers")
    return [
        (decided[i : i + 1], told[i : i + 1], stream[end - length : end])
        for i, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True))
    ]
