# contract: array
# expect: rejected
# Uses an array as an index, which copies or masks.
def choose(item, bins, counts):
    a = bins[counts]
    return item
