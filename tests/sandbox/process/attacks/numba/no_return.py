# contract: smtt
# expect: rejected
# Reaches its end without a value, where compiled code would return what lies there.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if p > d:
        return p
