# contract: smtt
# expect: rejected
# Unpacks with a star.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    a, *b = p, d, t
    return a
