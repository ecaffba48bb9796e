# contract: smtt
# expect: rejected
# Unpacks a tuple into a call.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = (p, d)
    return max(*x, *x, *x)
