# contract: smtt
# expect: rejected
# Builds a list of a thousand million numbers.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return max([p for i in range(1_000_000_000)], d)
