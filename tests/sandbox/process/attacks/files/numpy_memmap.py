# contract: smtt
# expect: rejected
# Maps a file into memory and changes it there.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    np.memmap("@TARGET@", dtype="u1", mode="r+")[:] = 0
    return p
