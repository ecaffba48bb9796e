# contract: array
# expect: rejected
# Assigns the instance to two names at once.
def choose(item, bins, counts):
    a = b = bins
    b[0] = 0.0
    return item
