# contract: array
# expect: rejected
# Unpacks an array.
def choose(item, bins, counts):
    a, b, c = bins
    return a
