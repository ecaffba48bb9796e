# contract: smtt
# expect: rejected
# Is a text and nothing else.
"""
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
"""
