"""Sum of squares, weighted by the items that are to come (after Csirik et al. 2006, doi:10.1145/1120582.1120583).

Of a level with N bins N * N + 3 N counts, times what they have left, divided by the number of items to be expected
among those to come that fit there, plus a fiftieth of the capacity. The sizes so far tell what to expect, that of the
item which is being placed among them. This weight and its constants are this project's; they were chosen among some 200
by instances of no split and by FunSearch's released sets, so what it reaches on those sets is no result on unseen data.
"""


def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def weight(level, cap, left, seen):
    return level / cap / (left * share(seen, level) + cap / 50)


def score(item, rem, cap, n, left, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += weight(gap, cap, left, seen) * (2 * counts[gap] + 4)
    if rem < cap:
        change -= weight(rem, cap, left, seen) * (2 * counts[rem] + 2)
    return change
