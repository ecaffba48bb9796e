# contract: array
# expect: rejected
# Uses two indices.
def choose(item, bins, counts):
    return bins[0, 0]
