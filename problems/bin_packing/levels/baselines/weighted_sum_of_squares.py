"""Sum of squares, weighted by the sizes that came so far (after Csirik et al. 2006, doi:10.1145/1120582.1120583).

The square of a level counts as what its bins have left, divided by the share of the items so far that fit there, plus a
tenth: many bins with room that few items can use are worst. The sizes so far stand for the distribution, which is not
known. This weight and its constant are this project's.
"""


def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def weight(level, cap, seen):
    return level / cap / (share(seen, level) + 0.1)


def score(item, rem, cap, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += weight(gap, cap, seen) * (2 * counts[gap] + 1)
    if rem < cap:
        change -= weight(rem, cap, seen) * (2 * counts[rem] - 1)
    return change
