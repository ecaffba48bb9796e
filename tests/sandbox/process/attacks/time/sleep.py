# contract: smtt
# expect: rejected
# Sleeps, so that no processor time is counted.
import time

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    time.sleep(10_000)
    return p
