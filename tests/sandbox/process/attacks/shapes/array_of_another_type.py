# contract: array
# expect: rejected
# Makes an array of bytes.
def choose(item, bins, counts):
    a = np.zeros(3, dtype=np.uint8)
    return item
