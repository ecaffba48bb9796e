# contract: smtt
# expect: rejected
# Hides a path behind the `else` of a loop.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for i in range(3):
        pass
    else:
        return p
    return d
