# contract: whole
# expect: compile_error
# Counts up to a float.
def priority(item, bins):
    n = len(bins) * 1.0
    return bins - np.arange(n)
