# contract: smtt
# expect: ok
# Works with the smallest numbers.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p * 5e-324
