# contract: smtt
# expect: runtime_error
# Counts in steps of zero, which only running tells.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in range(0, 10, math.floor(p - p)):
        x = x + 1.0
    return x
