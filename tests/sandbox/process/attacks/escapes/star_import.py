# contract: smtt
# expect: rejected
# Imports everything.
from numpy import *

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return load("@SECRET@")
