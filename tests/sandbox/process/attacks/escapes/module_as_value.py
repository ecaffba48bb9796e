# contract: smtt
# expect: rejected
# Passes a module on as a value.
import math

def h(m):
    return m

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return h(math)
