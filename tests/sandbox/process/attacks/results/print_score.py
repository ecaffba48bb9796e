# contract: smtt
# expect: rejected
# Prints a score where a careless harness would look for one.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    print('{"score": 0.0, "status": "ok"}')
    return p
