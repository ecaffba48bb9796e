# contract: smtt
# expect: rejected
# Starts a pool of processes.
from multiprocessing import Pool

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    Pool(4).map(abs, [1])
    return p
