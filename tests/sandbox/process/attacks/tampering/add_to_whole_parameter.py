# contract: array
# expect: rejected
# Changes all of the instance in place.
def choose(item, bins, counts):
    bins += 1.0
    return item
