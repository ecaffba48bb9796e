# contract: smtt
# expect: rejected
# Runs code in the default value of a lambda.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    f = lambda x=open("@TARGET@", "w"): x
    return p
