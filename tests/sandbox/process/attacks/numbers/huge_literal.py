# contract: smtt
# expect: rejected
# Has a literal of more than 64 bits.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + 99999999999999999999
