# contract: smtt
# expect: invalid
# Is NaN only for the last job.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p / (n_left - 1.0) * (n_left - 1.0)
