# contract: smtt
# expect: timeout
# Hangs only when the last job of an instance is left.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    while n_left < 2.0:
        d = d * 0.5 + 1.0
    return d
