# contract: smtt
# expect: rejected
# Hides an assignment to an item behind an annotation.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    p.real: float = 1.0
    return p
