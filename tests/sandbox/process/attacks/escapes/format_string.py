# contract: smtt
# expect: rejected
# Reads attributes through a format string.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return abs("{0.__class__.__mro__}".format(p))
