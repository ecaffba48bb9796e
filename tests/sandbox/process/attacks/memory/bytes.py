# contract: smtt
# expect: rejected
# Asks for ten gigabytes as bytes, by a constant that a compiler would fold.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = b"x" * 10_000_000_000
    return p
