# contract: array
# expect: rejected
# Uses a truth value as an index, which numpy takes for a mask.
def choose(item, bins, counts):
    return bins[item < 1.0]
