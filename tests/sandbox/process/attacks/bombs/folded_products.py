# contract: smtt
# expect: rejected
# A product of literals that the compiler computes beyond 64 bits.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + 9_223_372_036_854_775_807 * 9_223_372_036_854_775_807 * 9_223_372_036_854_775_807
