# contract: array
# expect: rejected
# Swaps the instance with an array of its own.
def choose(item, bins, counts):
    a = np.zeros(3)
    a, b = bins, a
    a[0] = 0.0
    return item
