# contract: smtt
# expect: rejected
# Looks through the modules that the worker has loaded.
import sys

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for name in sys.modules:
        pass
    return p
