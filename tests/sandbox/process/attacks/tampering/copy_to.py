# contract: array
# expect: rejected
# Lets numpy write into the instance.
def choose(item, bins, counts):
    x = np.copyto(bins, 0.0)
    return item
