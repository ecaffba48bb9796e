# contract: smtt
# expect: rejected
# Runs code when a block is entered.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    with open("@TARGET@", "w") as f:
        return p
