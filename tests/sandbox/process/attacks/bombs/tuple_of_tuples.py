# contract: smtt
# expect: rejected
# A type that doubles with each line.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    a = (p, d)
    b = (a, a)
    c = (b, b)
    e = (c, c)
    f = (e, e)
    return p
