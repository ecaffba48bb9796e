# contract: smtt
# expect: rejected
# Repeats a tuple until the compiler has a type of a million elements.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = (p,) * 1_000_000
    return x[0]
