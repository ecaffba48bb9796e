# contract: smtt
# expect: invalid
# Overflows to infinity.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.exp(p * 1e6)
