# contract: array
# expect: rejected
# Calls a method that writes.
def choose(item, bins, counts):
    x = bins.fill(0.0)
    return item
