# contract: whole
# expect: memory, runtime_error
# Makes an array of eight gigabytes.
def priority(item, bins):
    return bins - np.sum(np.ones(1000000000))
