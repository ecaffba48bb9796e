# contract: whole
# expect: runtime_error
# An index that wraps around at 64 bits to a large number.
def priority(item, bins):
    n = len(bins) - len(bins)
    return bins - bins[n - 9223372036854775807 - 2]
