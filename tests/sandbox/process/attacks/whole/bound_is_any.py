# contract: whole
# expect: compile_error
# Takes whether any element is large for a bound.
def priority(item, bins):
    lo = np.any(bins > 3)
    return bins - np.sum(bins[lo:])
