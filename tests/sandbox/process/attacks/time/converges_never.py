# contract: smtt
# expect: timeout
# Iterates until a difference is exactly zero, which it never is.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = 1.0
    while x - math.floor(x) < 2.0:
        x = x * 1.000001 if x < 1e6 else 1.0
    return x
