# contract: smtt
# expect: rejected
# Defines another function.
def Priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
