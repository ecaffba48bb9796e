# contract: array
# expect: runtime_error
# Writes to an index that wraps around to a large number.
def choose(item, bins, counts):
    a = np.zeros(4)
    n = len(a) - len(a)
    a[n - 9223372036854775807 - 2] = item
    return a[0]
