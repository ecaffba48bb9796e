# contract: smtt
# expect: rejected
# Replaces a function of numpy that the simulator calls.
import numpy as np

np.isfinite = lambda x: True

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
