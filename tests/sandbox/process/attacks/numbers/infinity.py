# contract: smtt
# expect: invalid
# Is infinite.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.inf * p
