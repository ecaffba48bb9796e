# contract: array
# expect: runtime_error
# Reads out of bounds in a helper.
def at(a, i):
    return a[i]

def choose(item, bins, counts):
    return at(bins, 10_000 + len(bins))
