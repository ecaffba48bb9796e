# contract: array
# expect: rejected
# A name that is a number first and an array afterwards.
def choose(item, bins, counts):
    a = 1.0
    if item > 0.5:
        a = np.zeros(3)
    return item
