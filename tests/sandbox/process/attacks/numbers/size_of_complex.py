# contract: smtt
# expect: rejected
# The size of a complex number of literals.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return d + abs((-8) ** 0.5)
