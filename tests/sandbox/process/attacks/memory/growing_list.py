# contract: smtt
# expect: rejected
# Appends to a list without end.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    kept = []
    while True:
        kept.append(p)
    return p
