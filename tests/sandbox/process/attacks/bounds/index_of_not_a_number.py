# contract: array
# expect: runtime_error
# Uses the integer that NaN becomes as an index.
def choose(item, bins, counts):
    x = (item - item) / (item - item)
    return bins[math.floor(x)]
