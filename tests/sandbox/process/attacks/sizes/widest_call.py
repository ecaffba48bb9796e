# contract: smtt
# expect: rejected
# A call with more arguments than a compiler enjoys.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return max(p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t, p, d, t)
