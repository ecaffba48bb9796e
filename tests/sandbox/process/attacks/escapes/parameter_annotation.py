# contract: smtt
# expect: rejected
# Runs code in the annotation of a parameter.
def priority(p: open("@TARGET@", "w"), d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
