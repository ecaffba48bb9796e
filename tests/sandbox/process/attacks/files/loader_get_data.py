# contract: smtt
# expect: rejected
# Reads a file through the loader of an allowed module.
import math

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return len(math.__loader__.get_data("@SECRET@"))
