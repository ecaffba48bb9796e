# contract: whole
# expect: compile_error
# A bound that becomes a float in a loop.
def priority(item, bins):
    lo = 1
    a = -bins
    for i in range(3):
        a[lo:2] = 0.0
        lo = lo - 1e300
    return a
