# contract: array
# expect: compile_error
# Counts in a loop up to a float.
def choose(item, bins, counts):
    s = 0.0
    for i in range(item * 8.0):
        s += bins[i]
    return s
