# contract: array
# expect: rejected
# Takes a view of the parameter with another dimension.
def choose(item, bins, counts):
    a = bins[None]
    return item
