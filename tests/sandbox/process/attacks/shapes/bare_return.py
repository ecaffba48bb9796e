# contract: smtt
# expect: rejected
# Returns without a value on one path.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if p > d:
        return
    return p
