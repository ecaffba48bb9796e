# contract: array
# expect: rejected
# Loops over an array instead of a range.
def choose(item, bins, counts):
    s = 0.0
    for x in bins:
        s += x
    return s
