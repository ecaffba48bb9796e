# contract: smtt
# expect: rejected
# Overloads a function of the simulator for all code that follows.
from numba.extending import overload

@overload(max)
def lower(a, b):
    return lambda a, b: 0.0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
