# contract: smtt
# expect: rejected
# Overwrites a file while the module is loaded.
open("@TARGET@", "w").write("changed")

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
