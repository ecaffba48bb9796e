# contract: array
# expect: runtime_error
# Reads before the first element.
def choose(item, bins, counts):
    return bins[-len(bins) - 1]
