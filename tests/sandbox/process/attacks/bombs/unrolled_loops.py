# contract: smtt
# expect: ok
# Loops of constant length inside each other, which a compiler may unroll.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 0.0
    for i in range(64):
        for j in range(64):
            for k in range(16):
                x = x + i * p + j * k
    return x
