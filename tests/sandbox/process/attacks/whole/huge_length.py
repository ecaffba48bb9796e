# contract: whole
# expect: runtime_error
# Makes an array of more elements than 64 bits can count the bytes of.
def priority(item, bins):
    return bins - np.sum(np.zeros(4611686018427387904))
