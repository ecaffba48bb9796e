"""Sum of squares, weighted by what is still to come (after Csirik et al. 2006, doi:10.1145/1120582.1120583).

The square of a level counts less where many items of exactly that size are expected among those to come, in proportion
to what was seen: such a bin will soon be full. The weight is one over their number, plus four.
"""


def weight(level, n, left, seen):
    return 1.0 / (left * seen[level] / (n - left + 1) + 4.0)


def score(item, rem, cap, n, left, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += weight(gap, n, left, seen) * (2 * counts[gap] + 1)
    if rem < cap:
        change -= weight(rem, n, left, seen) * (2 * counts[rem] - 1)
    return change
