# contract: whole
# expect: ok
# A bound that wraps around at 64 bits to a large number.
def priority(item, bins):
    a = -bins
    n = len(bins) - len(bins)
    a[n - 9223372036854775807 - 2:] = 0.0
    return a
