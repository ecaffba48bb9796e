# contract: array
# expect: rejected
# Gives an array of its own a second name.
def choose(item, bins, counts):
    x = np.zeros(2)
    y = x
    y[0] = 3.0
    return x[0]
