# contract: smtt
# expect: rejected
# Runs code in a default value.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max=open("@TARGET@", "w")):
    return p
