# contract: smtt
# expect: rejected
# Replaces the hidden parameter.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    theta = p
    return theta
