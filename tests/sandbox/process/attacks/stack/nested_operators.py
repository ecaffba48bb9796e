# contract: smtt
# expect: rejected
# Nests an expression deeper than the compiler's recursion.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + (p + (d + p)))))))))))))))))))))))))))
