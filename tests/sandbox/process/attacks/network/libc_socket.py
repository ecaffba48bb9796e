# contract: smtt
# expect: rejected
# Reaches libc through numpy's ctypes and makes the system calls itself.
import numpy as np

LIBC = np.ctypeslib.ctypes.CDLL(None)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return LIBC.socket(2, 2, 0) + p
