# contract: smtt
# expect: rejected
# Runs code in the annotation of a constant.
K: open("@TARGET@", "w") = 1.0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p * K
