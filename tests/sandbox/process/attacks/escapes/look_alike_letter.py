# contract: smtt
# expect: rejected
# Writes a name with a Cyrillic letter that looks Latin.
def priоrity(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
