# contract: array
# expect: ok
# A negative index counts from the end, as in Python.
def choose(item, bins, counts):
    return bins[-1] + counts[-len(counts)]
