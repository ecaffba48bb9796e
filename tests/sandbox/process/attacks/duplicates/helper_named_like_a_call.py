# contract: smtt
# expect: rejected
# A helper that hides an allowed function.
def max(a, b):
    return a

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return max(p, d)
