# contract: smtt
# expect: rejected
# Loops at module level, before any limit of the run phase.
while True:
    pass

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
