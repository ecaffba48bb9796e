# contract: whole
# expect: compile_error
# Makes ones of a length that is infinite.
def priority(item, bins):
    n = math.inf
    return bins - np.sum(np.ones(n))
