# contract: array
# expect: rejected
# The name becomes the instance in the second round of a loop.
def choose(item, bins, counts):
    a = np.zeros(3)
    for i in range(2):
        a[0] = 0.0
        a = bins
    return item
