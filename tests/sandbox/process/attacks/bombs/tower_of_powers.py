# contract: smtt
# expect: rejected
# A power that the compiler would compute for ever.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + 9 ** 9 ** 9
