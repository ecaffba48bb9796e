# contract: array
# expect: rejected
# Takes a view of the parameter with an ellipsis.
def choose(item, bins, counts):
    a = bins[...]
    return item
