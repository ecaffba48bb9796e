# contract: smtt
# expect: rejected
# Binds a name inside an expression.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return (e := eval)("1")
