# contract: smtt
# expect: rejected
# Asks for a signal to arrive while another candidate runs.
from signal import alarm

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    alarm(1)
    return p
