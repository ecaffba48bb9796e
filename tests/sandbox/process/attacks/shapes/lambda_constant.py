# contract: smtt
# expect: rejected
# Is a lambda.
priority = lambda p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max: p
