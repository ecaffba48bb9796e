# contract: smtt
# expect: rejected
# A helper of an imported name.
from math import exp

def exp(x):
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return exp(p)
