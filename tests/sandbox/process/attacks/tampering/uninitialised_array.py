# contract: array
# expect: rejected
# Reads an array that nobody filled.
def choose(item, bins, counts):
    a = np.empty(10)
    return a[5]
