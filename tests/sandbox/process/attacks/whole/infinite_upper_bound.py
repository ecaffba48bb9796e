# contract: whole
# expect: compile_error
# Writes up to a bound that is infinite.
def priority(item, bins):
    hi = math.inf
    a = -bins
    a[1:hi] = 0.0
    return a
