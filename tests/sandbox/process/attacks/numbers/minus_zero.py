# contract: smtt
# expect: ok
# Tells 0 from -0 nowhere.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return -0.0 if d > t else 0.0
