# contract: array
# expect: rejected
# A helper writes through another name.
def wipe(a):
    b = a
    b[0] = 0.0
    return 0.0

def choose(item, bins, counts):
    return item + wipe(bins)
