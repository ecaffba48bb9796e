# contract: array
# expect: compile_error
# Counts in a loop up to a truth value.
def choose(item, bins, counts):
    s = 1.0
    n = item > 0.0
    for i in range(n):
        s += bins[i]
    return s
