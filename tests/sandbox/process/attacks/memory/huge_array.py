# contract: array
# expect: memory, runtime_error
# Asks for an array of eight gigabytes.
def choose(item, bins, counts):
    a = np.zeros(1_000_000_000)
    a[0] = item
    return a[0]
