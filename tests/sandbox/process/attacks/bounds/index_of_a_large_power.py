# contract: array
# expect: ok
# An index that is a power of integers with an exponent for which Numba computes a float.
def choose(item, bins, counts):
    n = 100000
    return bins[2 ** n]
