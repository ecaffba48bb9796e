# contract: smtt
# expect: rejected
# An integer of literals that is unsigned for the compiler and wraps around elsewhere.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return d * ((not 0) + 9223372036854775807)
