# contract: smtt
# expect: timeout
# Never returns, though it could.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    while True:
        p = p * 0.5 + 1.0
        if p < 0.0:
            return p
