# contract: smtt
# expect: rejected
# Kills the process that would kill it.
import os
import signal

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    os.kill(os.getppid(), signal.SIGKILL)
    return p
