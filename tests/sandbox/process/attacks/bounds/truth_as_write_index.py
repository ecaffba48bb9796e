# contract: array
# expect: rejected
# Writes under a mask.
def choose(item, bins, counts):
    a = np.zeros(3)
    a[item < 1.0] = 2.0
    return a[1]
