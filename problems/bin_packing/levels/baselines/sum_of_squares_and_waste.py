"""Sum of squares (Csirik et al. 2006, doi:10.1145/1120582.1120583) and what will be lost at the end.

What a bin has left is lost unless items still come that fit: so it counts, as a share of the capacity, divided by the
number of such items to be expected among those to come, plus two. The sizes so far tell what to expect. The divided
term is this project's. Its two round constants, 1,000 and 2, come from a tuning on Weibull instances of no split.
"""


def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, n, left, counts, seen):
    gap = rem - item
    change = 0.0
    if gap > 0:
        change += 2 * counts[gap] + 1 + 1000.0 * gap / cap / (left * share(seen, gap) + 2.0)
    if rem < cap:
        change -= 2 * counts[rem] - 1 + 1000.0 * rem / cap / (left * share(seen, rem) + 2.0)
    return change
