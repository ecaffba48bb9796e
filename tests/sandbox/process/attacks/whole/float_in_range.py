# contract: whole
# expect: compile_error
# Counts in a loop up to an infinite float.
def priority(item, bins):
    hi = math.inf
    a = -bins
    for i in range(hi):
        a[i] = 0.0
    return a
