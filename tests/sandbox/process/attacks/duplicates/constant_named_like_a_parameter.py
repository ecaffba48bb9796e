# contract: smtt
# expect: rejected
# A constant that a parameter hides.
d = 1.0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + d
