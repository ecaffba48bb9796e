# contract: smtt
# expect: rejected
# Ignores the signals that would end it.
import signal

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return p
