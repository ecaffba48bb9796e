# contract: array
# expect: rejected
# A helper hands the instance back under another name.
def same(a):
    return a

def choose(item, bins, counts):
    b = same(bins)
    b[0] = 0.0
    return item
