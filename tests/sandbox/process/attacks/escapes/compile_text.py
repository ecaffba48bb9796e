# contract: smtt
# expect: rejected
# Compiles a text.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return compile("1", "x", "eval")
