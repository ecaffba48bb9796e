# contract: smtt
# expect: rejected
# Opens the result pipe again through /proc.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = open("/proc/self/fd/3", "wb").write(b"hzREC001")
    return p
