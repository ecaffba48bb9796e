# contract: smtt
# expect: rejected
# Starts a thread that goes on after the result was written.
import threading

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    threading.Thread(target=lambda: open("@TARGET@", "w"), daemon=False).start()
    return p
