# contract: smtt
# expect: rejected
# Puts a second statement on the line of an allowed one.
import math; import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
