# contract: whole
# expect: runtime_error
# The integer of minus infinity as a bound.
def priority(item, bins):
    lo = math.floor(-math.inf)
    a = -bins
    a[lo:2] = 0.0
    return a
