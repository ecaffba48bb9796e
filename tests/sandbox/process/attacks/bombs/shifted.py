# contract: smtt
# expect: rejected
# An integer of a thousand million bits.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + (1 << 1_000_000_000)
