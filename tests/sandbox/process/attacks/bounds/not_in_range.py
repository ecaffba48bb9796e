# contract: smtt
# expect: compile_error
# Counts with a truth value that Python makes of a literal.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    s = 0.0
    for i in range(not 0):
        s += d
    return s
