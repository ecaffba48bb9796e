# contract: smtt
# expect: runtime_error
# Counts over a span that 64 bits do not hold.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in range(-9_223_372_036_854_775_807, 9_223_372_036_854_775_807, 9_223_372_036_854_775_807):
        x = x + 1.0
    return x + p
