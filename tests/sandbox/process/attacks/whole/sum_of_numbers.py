# contract: whole
# expect: rejected
# A sum of literals that leaves 64 bits, by a function that is written out as an operator.
def priority(item, bins):
    return bins * np.add(9223372036854775807, not 0)
