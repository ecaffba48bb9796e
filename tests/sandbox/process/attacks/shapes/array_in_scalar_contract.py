# contract: smtt
# expect: rejected
# Makes an array where the contract has none.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    a = np.zeros(100)
    a[0] = p
    return a[0]
