# contract: smtt
# expect: rejected
# Keeps everything that it ever saw in a default value.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max, kept=[]):
    kept.append(p)
    return p
