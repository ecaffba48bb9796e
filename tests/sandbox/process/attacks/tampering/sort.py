# contract: array
# expect: rejected
# Sorts the instance in place.
def choose(item, bins, counts):
    x = bins.sort()
    return item
