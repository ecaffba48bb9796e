# contract: smtt
# expect: rejected
# Attaches to its parent as a debugger.
import ctypes
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)
    return p
