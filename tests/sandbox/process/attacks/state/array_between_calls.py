# contract: array
# expect: ok
# An array of its own is new in each call.
def choose(item, bins, counts):
    a = np.zeros(2)
    a[0] += item
    a[1] += a[0]
    return a[1]
