# contract: smtt
# expect: runtime_error
# A power that compiled code answers with an exception.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return (p - p) ** -1
