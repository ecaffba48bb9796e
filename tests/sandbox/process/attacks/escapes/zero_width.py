# contract: smtt
# expect: rejected
# Hides a character of no width in a name.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    q​ = p
    return q​
