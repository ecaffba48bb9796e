# contract: smtt
# expect: rejected
# Raises an exception whose text is a gigabyte.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    raise ValueError("x" * 10**9)
