# contract: smtt
# expect: ok
# Returns a truth value, which is a number.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p < d
