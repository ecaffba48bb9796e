# contract: smtt
# expect: rejected
# Rewrites its own process's memory through /proc.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = open("/proc/self/mem", "r+b").write(b"0")
    return p
