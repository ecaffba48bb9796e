# contract: smtt
# expect: rejected
# Reads the hidden parameter of constants beyond its end.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return theta[1_000_000]
