# contract: smtt
# expect: rejected
# Executes a text that was put together from numbers.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = exec(bytes([112, 114, 105, 110, 116, 40, 49, 41]))
    return p
