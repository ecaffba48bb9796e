# contract: smtt
# expect: rejected
# Asks the compiler for a new specialisation of each value.
import numba

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return numba.literally(p)
