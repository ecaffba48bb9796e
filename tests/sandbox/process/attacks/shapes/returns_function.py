# contract: smtt
# expect: rejected
# Returns a function.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return max
