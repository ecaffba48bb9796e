# contract: smtt
# expect: rejected
# Writes eval in full-width letters, which Python reads as plain ones.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return ｅｖａｌ("1")
