# contract: smtt
# expect: rejected
# Reads a file with the builtin.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return float(len(open("@SECRET@").read()))
