# contract: whole
# expect: compile_error
# Adds to a slice with a bound that is infinite.
def priority(item, bins):
    lo = -math.inf
    a = -bins
    a[lo:2] += 1.0
    return a
