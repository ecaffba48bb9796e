# contract: smtt
# expect: rejected
# Asks for an attribute by a text.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return getattr(p, "__cl" + "ass__")
