# contract: smtt
# expect: rejected
# Asks for threads.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in prange(1000):
        x += p
    return x
