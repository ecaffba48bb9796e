# contract: array
# expect: runtime_error
# Reads one element too far.
def choose(item, bins, counts):
    return bins[len(bins)]
