# contract: whole
# expect: compile_error
# A constant of the module, minus infinity, as a bound.
LOW = -math.inf


def priority(item, bins):
    a = -bins
    a[LOW:2] = 0.0
    return a
