# contract: smtt
# expect: rejected
# Uses the names of the loop that calls it.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return out[count + i]
