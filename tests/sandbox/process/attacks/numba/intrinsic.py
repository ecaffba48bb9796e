# contract: smtt
# expect: rejected
# Defines an intrinsic, which writes machine code.
from numba.extending import intrinsic

@intrinsic
def raw(context, x):
    return x(x), lambda c, b, s, a: a[0]

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return raw(p)
