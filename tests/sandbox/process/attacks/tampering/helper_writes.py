# contract: array
# expect: rejected
# A helper writes into what it was handed.
def wipe(a):
    a[0] = 0.0
    return 0.0

def choose(item, bins, counts):
    return item + wipe(bins)
