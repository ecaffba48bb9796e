# contract: smtt
# expect: rejected
# Calls constructors in a pattern.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    match p:
        case float(real=x):
            return x
    return p
