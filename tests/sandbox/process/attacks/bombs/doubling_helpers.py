# contract: smtt
# expect: rejected
# Nine helpers, each of which calls the next one twice.
def f0(x):
    return math.sin(x)

def f1(x):
    return f0(x) + f0(x + 1.0)

def f2(x):
    return f1(x) + f1(x + 1.0)

def f3(x):
    return f2(x) + f2(x + 1.0)

def f4(x):
    return f3(x) + f3(x + 1.0)

def f5(x):
    return f4(x) + f4(x + 1.0)

def f6(x):
    return f5(x) + f5(x + 1.0)

def f7(x):
    return f6(x) + f6(x + 1.0)

def f8(x):
    y = 0.0
    for i in range(1_000_000_000):
        y = y + f7(x + i)
    return y

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return f8(p)
