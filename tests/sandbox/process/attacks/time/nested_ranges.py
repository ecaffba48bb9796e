# contract: smtt
# expect: timeout
# Three loops of a million each.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in range(1_000_000):
        for j in range(1_000_000):
            for k in range(1_000_000):
                x = math.sin(x + p)
    return x
