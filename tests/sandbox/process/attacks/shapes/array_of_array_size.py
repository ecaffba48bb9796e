# contract: array
# expect: rejected
# Uses an array as a size.
def choose(item, bins, counts):
    a = np.zeros(bins)
    return item
