# contract: smtt
# expect: ok, timeout, rejected
# A helper called with sixteen combinations of integers and floats, to be compiled for each.
def h(a, b, c, e, f):
    return a * b + c * e + f + math.sin(a + b + c + e + f)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = h(1, 1, 1, 1, 1) + h(1., 1, 1, 1, 1) + h(1, 1., 1, 1, 1) + h(1., 1., 1, 1, 1)
    x = x + h(1, 1, 1., 1, 1) + h(1., 1, 1., 1, 1) + h(1, 1., 1., 1, 1) + h(1., 1., 1., 1, 1)
    x = x + h(1, 1, 1, 1., 1) + h(1., 1, 1, 1., 1) + h(1, 1., 1, 1., 1) + h(1., 1., 1, 1., 1)
    x = x + h(1, 1, 1., 1., 1) + h(1., 1, 1., 1., 1) + h(1, 1., 1., 1., 1) + h(1., 1., 1., 1., 1)
    return p + x
