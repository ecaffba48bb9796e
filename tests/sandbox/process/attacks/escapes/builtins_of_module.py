# contract: smtt
# expect: rejected
# Finds the builtins in an allowed module.
import numpy as np

OPEN = np.__builtins__["open"]

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return OPEN("@TARGET@", "w")
