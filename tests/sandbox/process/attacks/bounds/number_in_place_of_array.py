# contract: array
# expect: rejected
# Hands a number to a helper that indexes it.
def at(a, i):
    return a[i]

def choose(item, bins, counts):
    return at(item, 0)
