# contract: smtt
# expect: timeout
# Counts to ten to the eighteenth.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in range(1_000_000_000_000_000_000):
        x = x * 0.5 + p
    return x
