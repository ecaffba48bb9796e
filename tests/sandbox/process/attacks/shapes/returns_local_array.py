# contract: array
# expect: rejected
# Returns an array of its own.
def choose(item, bins, counts):
    a = np.zeros(3)
    return a
