# contract: whole
# expect: compile_error
# Reads from a bound that is infinite.
def priority(item, bins):
    lo = math.inf
    return bins - np.sum(bins[lo:])
