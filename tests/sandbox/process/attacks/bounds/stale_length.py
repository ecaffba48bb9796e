# contract: array
# expect: runtime_error
# Takes the length of one array for an index into another one.
def choose(item, bins, counts):
    a = np.zeros(1)
    return a[len(bins) + len(counts)]
