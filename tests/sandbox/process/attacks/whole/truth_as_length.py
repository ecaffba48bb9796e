# contract: whole
# expect: compile_error
# Makes an array of a length that is a truth value.
def priority(item, bins):
    n = item > 0
    return bins - np.sum(np.zeros(n))
