# contract: array
# expect: runtime_error
# Counts between bounds of which 64 bits cannot hold the distance.
def choose(item, bins, counts):
    s = 0.0
    m = 9223372036854775807 + len(bins) - len(bins)
    for i in range(-m, m, m):
        s += 1.0
    return s
