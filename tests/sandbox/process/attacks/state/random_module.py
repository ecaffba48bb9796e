# contract: smtt
# expect: rejected
# Draws random numbers from the standard library.
import random

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return random.random()
