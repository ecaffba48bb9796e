# contract: smtt
# expect: rejected
# Swaps two parameters.
def priority(d, p, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
