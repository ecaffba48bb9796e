# contract: smtt
# expect: rejected
# Leaves without a result, as if all were well.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    os._exit(0)
    return p
