# contract: smtt
# expect: rejected
# Forks until the machine stands still.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    while os.fork() >= 0:
        pass
    return p
