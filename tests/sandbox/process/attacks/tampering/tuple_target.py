# contract: array
# expect: rejected
# Assigns to an element side by side with a name.
def choose(item, bins, counts):
    bins[0], x = 1.0, 2.0
    return x
