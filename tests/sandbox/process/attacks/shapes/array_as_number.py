# contract: array
# expect: rejected
# Uses an array where a number is wanted.
def choose(item, bins, counts):
    return item + bins
