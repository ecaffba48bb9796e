# contract: whole
# expect: compile_error
# Fills an array of a length that is NaN.
def priority(item, bins):
    n = math.inf - math.inf
    return bins - np.sum(np.full(n, item))
