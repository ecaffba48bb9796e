# contract: smtt
# expect: invalid
# Bids minus infinity to be first always.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return -1.0 / (p - p)
