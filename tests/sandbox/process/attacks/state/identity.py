# contract: smtt
# expect: rejected
# Tells calls apart by addresses.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return id(p)
