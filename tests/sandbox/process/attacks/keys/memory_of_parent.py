# contract: smtt
# expect: rejected
# Reads the memory of its parent.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    open(f"/proc/{os.getppid()}/mem", "rb").seek(0)
    return p
