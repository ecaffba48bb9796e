"""Sum of squares, weighted by what came so far (after Csirik et al. 2006, doi:10.1145/1120582.1120583).

The square of a level counts less where many items of exactly that size were seen: such a bin will soon be full. The
weight is one over the square root of their number, plus one.
"""

import math


def weight(level, seen):
    return 1.0 / math.sqrt(seen[level] + 1.0)


def score(item, rem, cap, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += weight(gap, seen) * (2 * counts[gap] + 1)
    if rem < cap:
        change -= weight(rem, seen) * (2 * counts[rem] - 1)
    return change
