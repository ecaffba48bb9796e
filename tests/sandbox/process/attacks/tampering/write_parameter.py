# contract: array
# expect: rejected
# Changes the instance that it was given.
def choose(item, bins, counts):
    bins[0] = 0.0
    return item
