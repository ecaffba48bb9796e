# contract: smtt
# expect: invalid
# Is outside of a function's domain.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.sqrt(-1.0 - p)
