# contract: whole
# expect: compile_error
# A bound that is the larger of an integer and a float.
def priority(item, bins):
    lo = max(-5, -math.inf)
    a = -bins
    a[lo:2] = 0.0
    return a
