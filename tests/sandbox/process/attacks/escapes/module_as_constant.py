# contract: smtt
# expect: rejected
# Gives an allowed module another name.
import numpy as np

m = np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return m.load("@SECRET@")
