# contract: smtt
# expect: rejected
# Calls a function inside an f-string.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return abs(f"{open('@TARGET@', 'w')}")
