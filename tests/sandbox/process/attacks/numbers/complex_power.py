# contract: smtt
# expect: rejected
# A complex number on the way to a real one.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return ((-8) ** 0.5 // 2) ** 2 + d
