# contract: whole
# expect: compile_error
# Takes a truth value for a bound.
def priority(item, bins):
    lo = item > 3
    a = -bins
    a[lo:2] = 0.0
    return a
