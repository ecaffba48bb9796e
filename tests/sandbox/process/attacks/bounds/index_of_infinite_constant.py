# contract: array
# expect: runtime_error
# Uses the integer of an infinite constant as an index.
def choose(item, bins, counts):
    x = -math.inf
    return bins[math.floor(x)]
