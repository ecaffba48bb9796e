# contract: array
# expect: runtime_error
# Reads where other data lies.
def choose(item, bins, counts):
    s = 0.0
    for i in range(1_000_000_000):
        s = s + bins[i]
    return s
