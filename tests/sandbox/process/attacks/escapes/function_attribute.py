# contract: smtt
# expect: rejected
# Reaches the globals of an allowed function.
import math

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.exp.__self__.__dict__["exp"](p)
