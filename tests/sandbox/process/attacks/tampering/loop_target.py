# contract: array
# expect: rejected
# A loop counts in an element of the instance.
def choose(item, bins, counts):
    for bins[0] in range(3):
        pass
    return item
