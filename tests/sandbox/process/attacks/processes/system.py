# contract: smtt
# expect: rejected
# Starts a shell through libc.
from os import system

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    system("echo > @TARGET@")
    return p
