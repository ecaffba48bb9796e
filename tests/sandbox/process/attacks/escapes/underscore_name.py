# contract: smtt
# expect: rejected
# Writes to a name that the interpreter keeps for itself.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    __file__ = p
    return __file__
