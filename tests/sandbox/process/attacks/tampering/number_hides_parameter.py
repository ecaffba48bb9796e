# contract: array
# expect: rejected
# Assigns a number to the array that it was given.
def choose(item, bins, counts):
    bins = 1.0
    return bins
