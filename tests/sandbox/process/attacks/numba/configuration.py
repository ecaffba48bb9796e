# contract: smtt
# expect: rejected
# Switches the checking of bounds off.
import numba

numba.config.BOUNDSCHECK = 0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
