# contract: smtt
# expect: rejected
# Keeps numbers in a closure.
def counter():
    n = 0
    def add():
        nonlocal n
        n += 1
        return n
    return add

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return counter()()
