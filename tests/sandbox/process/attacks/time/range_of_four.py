# contract: smtt
# expect: rejected
# Hands a range more arguments than it takes.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for i in range(0, 10, 1, p):
        pass
    return p
