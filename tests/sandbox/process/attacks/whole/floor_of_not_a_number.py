# contract: whole
# expect: runtime_error
# The integer of NaN as a bound.
def priority(item, bins):
    lo = math.ceil(math.inf - math.inf)
    a = -bins
    a[lo:2] = 0.0
    return a
