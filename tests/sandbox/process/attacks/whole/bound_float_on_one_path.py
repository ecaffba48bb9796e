# contract: whole
# expect: compile_error
# A bound that is a float on one of two paths.
def priority(item, bins):
    lo = 1
    if item > 1000:
        lo = -math.inf
    a = -bins
    a[lo:2] = 0.0
    return a
