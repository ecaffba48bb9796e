# contract: smtt
# expect: ok
# Wraps around at 64 bits.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return 9_223_372_036_854_775_807 + math.floor(p)
