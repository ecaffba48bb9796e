# contract: smtt
# expect: rejected
# Deletes a name that others need.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    del abs
    return p
