# contract: array
# expect: memory, runtime_error
# Asks for an array whose size only the instance tells.
def choose(item, bins, counts):
    n = 100_000_000 * len(bins)
    a = np.full(n, item)
    return a[n - 1]
