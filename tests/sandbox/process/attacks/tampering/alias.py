# contract: array
# expect: rejected
# Changes the instance through another name for it.
def choose(item, bins, counts):
    a = bins
    a[0] = 0.0
    return item
