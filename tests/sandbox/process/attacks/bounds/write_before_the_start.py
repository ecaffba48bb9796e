# contract: array
# expect: runtime_error
# Writes before the first element of an array of its own.
def choose(item, bins, counts):
    a = np.zeros(4)
    i = -5 - len(bins)
    a[i] = item
    return a[0]
