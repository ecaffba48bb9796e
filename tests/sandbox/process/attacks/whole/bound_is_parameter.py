# contract: whole
# expect: compile_error
# Takes a parameter, a float, for a bound.
def priority(item, bins):
    a = -bins
    a[item:] = 0.0
    return a
