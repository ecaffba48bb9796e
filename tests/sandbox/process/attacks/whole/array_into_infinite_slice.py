# contract: whole
# expect: compile_error
# Writes an array from a bound that is minus infinity.
def priority(item, bins):
    lo = -math.inf
    a = -bins
    a[lo:2] = bins[:2]
    return a
