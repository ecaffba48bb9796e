# contract: smtt
# expect: rejected
# Runs code when the function is defined.
@open("@TARGET@", "w").write
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
