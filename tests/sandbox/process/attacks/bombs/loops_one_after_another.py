# contract: smtt
# expect: rejected
# More loops than a compiler should have to look at.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    for i in range(3): p = p + i
    return p
