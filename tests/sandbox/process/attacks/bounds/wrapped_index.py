# contract: array
# expect: runtime_error
# Lets an index wrap around at 64 bits.
def choose(item, bins, counts):
    i = 9_223_372_036_854_775_807 - len(bins)
    return bins[i * 3 + 7]
