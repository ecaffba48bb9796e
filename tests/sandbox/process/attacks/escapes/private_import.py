# contract: smtt
# expect: rejected
# Imports a private name of an allowed module.
from math import __loader__ as exp

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return exp(p)
