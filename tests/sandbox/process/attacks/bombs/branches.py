# contract: smtt
# expect: rejected
# More branches than are allowed.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = p
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2 if x > 2 else 3 if x > 3 else 4 if x > 4 else 5 if x > 5 else 6 if x > 6 else 7 if x > 7 else 8 if x > 8 else 9
    x = 1 if x > 1 else 2
    return x
