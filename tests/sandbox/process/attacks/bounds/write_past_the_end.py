# contract: array
# expect: runtime_error
# Writes one element too far into an array of its own.
def choose(item, bins, counts):
    a = np.zeros(4)
    a[len(a)] = item
    return a[0]
