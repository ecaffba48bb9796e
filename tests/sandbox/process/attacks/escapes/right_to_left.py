# contract: smtt
# expect: rejected
# Turns the order of the text that a reader sees.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p  # ‮ nothing to see ⁦
