# contract: array
# expect: rejected
# `max` hands one of its arguments on.
def choose(item, bins, counts):
    a = max(bins, np.zeros(3))
    a[0] = 0.0
    return item
