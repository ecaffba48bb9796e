"""Dispatching once more, in plain Python: how far a sequence lies from the interpreter's choices."""

import math
from collections.abc import Callable

from heuresis.evaluators.language.reference.distance import distance


def furthest(judge: Callable[..., float], p: list[int], d: list[int], sequence: list[int]) -> float:
    """The largest distance of one sequence of job numbers, dispatched again step by step."""
    left = sorted(range(len(p)), key=lambda job: (p[job], d[job], job))  # as ties are broken
    furthest, time = 0.0, 0
    for job in sequence:
        if job not in left:
            return math.inf
        ps, ds = [p[j] for j in left], [d[j] for j in left]
        n, p_sum, d_sum = float(len(left)), float(sum(ps)), float(sum(ds))
        same = float(time), n, p_sum / n, float(max(ps)), p_sum, d_sum / n, float(min(ds)), float(max(ds))
        keys = [judge(float(p[j]), float(d[j]), *same) for j in left]
        furthest = max(furthest, distance(keys, left.index(job)))
        left.remove(job)
        time += p[job]
    return furthest
