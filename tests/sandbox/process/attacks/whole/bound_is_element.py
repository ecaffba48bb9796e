# contract: whole
# expect: compile_error
# Takes an element, a float, for a bound.
def priority(item, bins):
    a = -bins
    a[bins[0]:] = 0.0
    return a
