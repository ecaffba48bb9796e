# contract: smtt
# expect: rejected
# Fills standard error, which somebody might keep.
import sys

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    sys.stderr.write("x" * 10**9)
    return p
