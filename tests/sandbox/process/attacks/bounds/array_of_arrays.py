# contract: array
# expect: rejected
# Puts an array into an array.
def choose(item, bins, counts):
    a = np.zeros(2)
    a[0] = a
    return item
