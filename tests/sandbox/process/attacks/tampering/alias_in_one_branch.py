# contract: array
# expect: rejected
# The name means an array of its own in one branch and the instance in the other.
def choose(item, bins, counts):
    if item > 0.0:
        a = bins
    else:
        a = np.zeros(3)
    a[0] = 0.0
    return item
