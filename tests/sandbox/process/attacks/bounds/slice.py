# contract: array
# expect: rejected
# Takes a view of the parameter.
def choose(item, bins, counts):
    a = bins[0:2]
    return a[0]
