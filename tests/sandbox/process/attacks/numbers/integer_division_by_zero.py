# contract: smtt
# expect: ok
# Integer division by zero is 0.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.floor(p) // math.floor(p - p)
