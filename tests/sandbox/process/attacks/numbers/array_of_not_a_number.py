# contract: array
# expect: invalid
# Fills an array with NaN and returns it.
def choose(item, bins, counts):
    a = np.full(3, (item - item) / (item - item))
    return a[1]
