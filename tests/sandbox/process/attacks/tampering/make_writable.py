# contract: array
# expect: rejected
# Asks for permission to write.
def choose(item, bins, counts):
    bins.flags.writeable = True
    bins[0] = 0.0
    return item
