# contract: smtt
# expect: rejected
# Repeats a text, and the repeated text.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = "ab" * 1_000_000 * 1_000_000
    return p
