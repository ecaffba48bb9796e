# contract: whole
# expect: compile_error
# Reads up to a bound that is minus infinity.
def priority(item, bins):
    hi = -math.inf
    return bins - np.sum(bins[:hi])
