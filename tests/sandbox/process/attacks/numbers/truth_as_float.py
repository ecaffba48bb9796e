# contract: smtt
# expect: compile_error
# A conversion that the compiler does not have.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return float(True) + p
