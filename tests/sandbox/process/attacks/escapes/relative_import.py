# contract: smtt
# expect: rejected
# Imports from the package that it runs in.
from ..sandbox import isolate

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return isolate.RESULT_FD
