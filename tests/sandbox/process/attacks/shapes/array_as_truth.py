# contract: array
# expect: rejected
# Uses an array as a condition.
def choose(item, bins, counts):
    if bins:
        return 1.0
    return 0.0
