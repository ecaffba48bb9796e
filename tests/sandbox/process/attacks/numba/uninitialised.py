# contract: smtt
# expect: rejected
# Reads what lies in memory, through a name that is not assigned on every path.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if p < 0.0:
        x = 1.0
    return x
