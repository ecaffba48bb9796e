# contract: whole
# expect: ok
# The largest integer as a bound, which is held at the end.
def priority(item, bins):
    a = -bins
    a[0:9223372036854775807] = 0.0
    return a - np.sum(bins[9223372036854775807:])
