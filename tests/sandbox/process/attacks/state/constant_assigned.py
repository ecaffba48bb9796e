# contract: smtt
# expect: rejected
# Assigns to a constant of the module.
N = 0.0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    N = N + 1.0
    return N
