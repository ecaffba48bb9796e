# contract: smtt
# expect: rejected
# Is hidden inside another function.
def outer():
    def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
        return p
    return priority
