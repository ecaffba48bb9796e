# contract: array
# expect: runtime_error
# Counts down between bounds so far apart that the division of their distance kills the process.
def choose(item, bins, counts):
    s = 0.0
    n = math.floor(-9223372036854775808.0)
    for i in range(len(bins) - len(bins), n, -1):
        s += 1.0
        if s > 3.0:
            break
    return s
