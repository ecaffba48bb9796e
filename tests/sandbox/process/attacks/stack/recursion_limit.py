# contract: smtt
# expect: rejected
# Lifts the recursion limit first, to overflow the C stack.
import sys

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    sys.setrecursionlimit(10**9)
    return p
