# contract: smtt
# expect: rejected
# A constant of the function's name.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p

priority = 0.0
