# contract: smtt
# expect: timeout
# Hides the endless loop in a helper.
def halve(x):
    while x > 0.0:
        x = x - 1e-300
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return halve(p)
