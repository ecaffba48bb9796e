# contract: array
# expect: rejected
# The parameter is replaced by an array of its own, but only sometimes.
def choose(item, bins, counts):
    if item > 1e9:
        bins = np.zeros(3)
    bins[0] = 0.0
    return item
