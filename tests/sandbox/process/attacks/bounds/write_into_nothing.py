# contract: array
# expect: runtime_error
# Writes into an array without elements.
def choose(item, bins, counts):
    a = np.zeros(0)
    a[0] = item
    return a[0]
