# contract: smtt
# expect: ok
# Assigns to its parameters, which are numbers of its own.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    p, d, t = d, p, 0.0
    n_left = 0.0
    return p + n_left
