# contract: smtt
# expect: ok
# Returns an integer in one branch and a float in the other.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    if p < d:
        return 1
    return p
