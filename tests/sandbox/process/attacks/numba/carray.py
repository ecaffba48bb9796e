# contract: smtt
# expect: rejected
# Makes an array of an address.
from numba import carray

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return carray(140000000000000, (1000,))[0]
