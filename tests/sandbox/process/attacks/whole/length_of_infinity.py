# contract: whole
# expect: runtime_error
# The integer of infinity as a length.
def priority(item, bins):
    return bins - np.sum(np.zeros(math.floor(math.inf)))
