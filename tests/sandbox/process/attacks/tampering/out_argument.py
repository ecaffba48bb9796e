# contract: array
# expect: rejected
# Lets a function write its result into the instance.
def choose(item, bins, counts):
    x = np.add(bins, 1.0, bins)
    return item
