# contract: smtt
# expect: rejected
# Draws random numbers, whose generator remembers.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return np.random.random()
