# contract: smtt
# expect: ok
# A tower of powers of local names; 64-bit arithmetic wraps and is cheap.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    a = 9
    b = a ** a ** a
    return p + b
