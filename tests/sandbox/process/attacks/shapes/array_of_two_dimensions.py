# contract: array
# expect: rejected
# Makes an array of two dimensions.
def choose(item, bins, counts):
    a = np.zeros((3, 3))
    return item
