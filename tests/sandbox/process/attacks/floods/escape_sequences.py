# contract: smtt
# expect: rejected
# Tries to reach the user's terminal through the error text.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return x_is_not_defined  # @ESCAPE@[2J@ESCAPE@]0;owned
