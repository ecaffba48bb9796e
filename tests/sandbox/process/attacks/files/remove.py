# contract: smtt
# expect: rejected
# Deletes a file.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    os.unlink("@TARGET@")
    return p
