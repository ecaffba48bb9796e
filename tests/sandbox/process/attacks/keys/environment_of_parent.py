# contract: smtt
# expect: rejected
# Reads the environment of the controller through /proc.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return len(open("/proc/@NEIGHBOUR@/environ").read())
