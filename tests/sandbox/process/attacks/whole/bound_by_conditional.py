# contract: whole
# expect: compile_error
# A bound that is a float on one side of a conditional expression.
def priority(item, bins):
    lo = -math.inf if item > 1000 else 0
    a = -bins
    a[lo:2] = 0.0
    return a
