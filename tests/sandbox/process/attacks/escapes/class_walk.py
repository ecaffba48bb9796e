# contract: smtt
# expect: rejected
# Walks from a number to all classes of the interpreter.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return abs((1.0).__class__.__base__.__subclasses__())
