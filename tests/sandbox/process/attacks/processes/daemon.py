# contract: smtt
# expect: rejected
# Leaves a daemon behind that waits for the next candidate.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                pass
    return p
