# contract: smtt
# expect: rejected
# A helper with two parameters of one name.
def h(x, x):
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return h(p, d)
