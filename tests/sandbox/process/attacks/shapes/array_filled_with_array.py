# contract: array
# expect: rejected
# Fills an array with an array.
def choose(item, bins, counts):
    a = np.full(3, bins)
    return item
