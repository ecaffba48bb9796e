# contract: smtt
# expect: rejected
# Reads raw bytes with numpy, imported under an allowed name.
from numpy import fromfile as max

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return max("@SECRET@", "u1")[0]
