# contract: smtt
# expect: rejected
# Two helpers that call each other.
def ping(x):
    return pong(x)

def pong(x):
    return ping(x)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return ping(p)
