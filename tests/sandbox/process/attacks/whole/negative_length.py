# contract: whole
# expect: runtime_error
# Makes an array of a negative length.
def priority(item, bins):
    return bins - np.sum(np.arange(-1 - len(bins)))
