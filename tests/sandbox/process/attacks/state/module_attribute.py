# contract: smtt
# expect: rejected
# Keeps a number in an allowed module.
import math

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    math.pi = p
    return math.pi
