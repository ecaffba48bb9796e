# contract: smtt
# expect: rejected
# Compiles itself with settings of its own.
@njit(fastmath=True, parallel=True, cache=True)
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
