# contract: smtt
# expect: rejected
# A tower of powers, the base of which only Python knows.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return d + 0 * (9 + (not 0)) ** (9 ** 9)
