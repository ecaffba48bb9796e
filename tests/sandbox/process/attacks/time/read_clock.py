# contract: smtt
# expect: rejected
# Reads a clock, so that it behaves well only while it is watched.
from time import perf_counter

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p if perf_counter() < 100 else d
