# contract: smtt
# expect: rejected
# Keeps a number on the function itself.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    priority.calls = p
    return p
