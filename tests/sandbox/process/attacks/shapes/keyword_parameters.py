# contract: smtt
# expect: rejected
# Has a parameter of its own.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max, **more):
    return p
