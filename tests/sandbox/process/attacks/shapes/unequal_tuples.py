# contract: smtt
# expect: rejected
# Assigns two values to three names.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    a, b, c = p, d
    return a
