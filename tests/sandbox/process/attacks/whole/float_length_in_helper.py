# contract: whole
# expect: compile_error
# A helper function makes an array of a length that is a float.
def room(n):
    return np.zeros(n)


def priority(item, bins):
    return bins - room(len(bins) / 1.0)
