# contract: array
# expect: runtime_error
# Adds to an element beyond the end.
def choose(item, bins, counts):
    a = np.ones(2)
    a[2] += item
    return a[1]
