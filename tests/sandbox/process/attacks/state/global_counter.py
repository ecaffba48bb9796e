# contract: smtt
# expect: rejected
# Counts its calls in a global.
N = 0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    global N
    N += 1
    return N
