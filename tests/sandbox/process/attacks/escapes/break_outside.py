# contract: smtt
# expect: rejected
# Leaves a loop that there is not.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if p > d:
        break
    return p
