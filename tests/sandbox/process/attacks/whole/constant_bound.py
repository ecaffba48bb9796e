# contract: whole
# expect: compile_error
# Writes from a bound that is minus infinity, which has no integer.
def priority(item, bins):
    lo = -math.inf
    a = -bins
    a[lo:2] = 0.0
    return a
