# contract: smtt
# expect: rejected
# Runs code through a metaclass.
class A(metaclass=print):
    pass

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
