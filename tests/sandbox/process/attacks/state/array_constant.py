# contract: array
# expect: rejected
# Keeps numbers in an array of the module.
SEEN = np.zeros(100)

def choose(item, bins, counts):
    SEEN[0] += 1.0
    return SEEN[0]
