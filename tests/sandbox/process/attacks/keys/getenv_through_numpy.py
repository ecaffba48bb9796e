# contract: smtt
# expect: rejected
# Finds the os module inside an allowed one.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return len(np.core.os.environ)
