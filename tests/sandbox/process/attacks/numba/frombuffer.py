# contract: smtt
# expect: rejected
# Reads memory through numpy.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return np.frombuffer(p, np.float64)[0]
