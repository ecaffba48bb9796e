# contract: array
# expect: rejected
# A conditional expression between the instance and an array of its own.
def choose(item, bins, counts):
    a = np.zeros(3)
    a = bins if item > 0.0 else a
    a[0] = 0.0
    return item
