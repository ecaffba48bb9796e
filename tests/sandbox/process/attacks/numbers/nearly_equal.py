# contract: smtt
# expect: ok
# Differs between jobs only in the last bit.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return 1e15 + p * 0.125
