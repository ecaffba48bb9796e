# contract: smtt
# expect: rejected
# Calls itself.
def down(x):
    return down(x + 1.0)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return down(p)
