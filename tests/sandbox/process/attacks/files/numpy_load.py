# contract: smtt
# expect: rejected
# Unpickles a file with numpy, which would run whatever stands in it.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return np.load("@SECRET@", allow_pickle=True)
