# contract: array
# expect: rejected
# Changes the instance by an augmented assignment.
def choose(item, bins, counts):
    bins[0] += 1.0
    return item
