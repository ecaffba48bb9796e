# contract: array
# expect: runtime_error
# An index that wraps around to a large number, of which a compiler may think that it is negative.
def choose(item, bins, counts):
    n = len(bins) - len(bins)
    return bins[n - 9223372036854775807 - 2]
