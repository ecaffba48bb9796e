# contract: smtt
# expect: rejected
# Reads the variable of a loop that never ran.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for i in range(0):
        pass
    return i
