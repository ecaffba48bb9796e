# contract: array
# expect: rejected
# `or` hands one of its arguments on.
def choose(item, bins, counts):
    a = np.zeros(3)
    b = bins or a
    b[0] = 0.0
    return item
