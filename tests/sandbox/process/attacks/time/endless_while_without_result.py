# contract: smtt
# expect: compile_error
# Never returns, and has no type for that reason.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    while True:
        pass
