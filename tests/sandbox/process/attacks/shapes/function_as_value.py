# contract: smtt
# expect: rejected
# Uses a helper as if it were a number.
def h(x):
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + h
