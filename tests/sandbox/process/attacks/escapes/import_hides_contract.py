# contract: smtt
# expect: rejected
# Imports an allowed function under the name of a parameter.
from math import exp as p

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
