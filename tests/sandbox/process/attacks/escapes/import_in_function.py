# contract: smtt
# expect: rejected
# Imports inside a function, where imports are not stripped.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    import os
    return os.getpid()
