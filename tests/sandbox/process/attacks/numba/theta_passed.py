# contract: smtt
# expect: rejected
# Hands a hidden parameter of its own to a helper.
def h(x):
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return h(p, theta=d)
