"""Sum of squares (Csirik et al. 2006, doi:10.1145/1120582.1120583): keep the sum of squared counts of levels small.

The sum runs over all levels but those of full and of empty bins. The score is the change of that sum.
"""


def score(item, rem, cap, counts, seen):
    gap = rem - item
    change = 0
    if gap > 0:
        change += 2 * counts[gap] + 1
    if rem < cap:
        change -= 2 * counts[rem] - 1
    return change
