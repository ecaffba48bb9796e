# contract: smtt
# expect: ok
# Is the same for all jobs, so that ties decide.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return 0.0
