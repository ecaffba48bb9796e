# contract: smtt
# expect: rejected
# Reads a file while the module is loaded, before anything is compiled.
TEXT = open("@SECRET@").read()

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
