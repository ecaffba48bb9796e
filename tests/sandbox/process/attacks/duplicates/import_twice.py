# contract: smtt
# expect: rejected
# Imports two functions under one name.
from math import exp as f, log as f
from os import system as f

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return f(p)
