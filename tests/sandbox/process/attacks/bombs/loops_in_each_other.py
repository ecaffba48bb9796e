# contract: smtt
# expect: rejected
# Four loops inside each other in one function.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for a in range(2):
        for b in range(2):
            for c in range(2):
                for e in range(2):
                    p = p + a + b + c + e
    return p
