# contract: smtt
# expect: rejected
# Has a function with nothing but a docstring.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    """Nothing."""
