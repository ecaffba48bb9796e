# contract: smtt
# expect: rejected
# A power of two constants of the module, which Numba would fold.
BASE = 9
EXPONENT = 9
K = BASE ** EXPONENT ** EXPONENT

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + K
