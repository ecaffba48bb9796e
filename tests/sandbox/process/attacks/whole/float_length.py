# contract: whole
# expect: compile_error
# Makes an array of a length that is a float.
def priority(item, bins):
    n = len(bins) / 1.0
    a = np.zeros(n)
    return a - bins
