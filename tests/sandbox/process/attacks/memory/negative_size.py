# contract: array
# expect: runtime_error
# Asks for an array of a negative size.
def choose(item, bins, counts):
    a = np.zeros(-1 - len(bins))
    return item + len(a)
