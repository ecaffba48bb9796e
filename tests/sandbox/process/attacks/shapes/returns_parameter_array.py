# contract: array
# expect: rejected
# Returns the array that it was given.
def choose(item, bins, counts):
    return bins
