# contract: whole
# expect: compile_error
# Writes from a bound that is NaN.
def priority(item, bins):
    lo = math.inf - math.inf
    a = -bins
    a[lo:] = 0.0
    return a
