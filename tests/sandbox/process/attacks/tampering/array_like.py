# contract: array
# expect: rejected
# Makes an array of the shape of another, uninitialised.
def choose(item, bins, counts):
    a = np.empty_like(bins)
    return a[0]
