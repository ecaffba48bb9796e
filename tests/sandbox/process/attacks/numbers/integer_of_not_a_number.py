# contract: smtt
# expect: runtime_error
# Asks for the integer of NaN, which there is none of.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return math.floor((p - p) / (p - p))
