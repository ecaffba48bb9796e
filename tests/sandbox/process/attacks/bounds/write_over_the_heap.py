# contract: array
# expect: runtime_error
# Writes over everything that follows an array of its own.
def choose(item, bins, counts):
    a = np.zeros(1)
    for i in range(1_000_000):
        a[i] = item
    return a[0]
