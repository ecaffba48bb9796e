# contract: smtt
# expect: rejected
# Reads the optimum that the instance carries.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return self.reference[0]
