# contract: smtt
# expect: timeout
# Nine loops inside each other, three in each of three functions.
def inner(x):
    for i in range(1000):
        for j in range(1000):
            for k in range(1000):
                x = math.sin(x + i + j + k)
    return x

def middle(x):
    for i in range(1000):
        for j in range(1000):
            for k in range(1000):
                x = inner(x)
    return x

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    for i in range(1000):
        for j in range(1000):
            for k in range(1000):
                p = middle(p)
    return p
