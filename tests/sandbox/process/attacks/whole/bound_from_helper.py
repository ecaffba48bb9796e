# contract: whole
# expect: compile_error
# Gets a bound that is minus infinity from a helper function.
def far():
    return -math.inf


def priority(item, bins):
    lo = far()
    a = -bins
    a[lo:2] = 0.0
    return a
