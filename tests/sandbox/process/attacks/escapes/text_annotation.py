# contract: smtt
# expect: rejected
# Puts code into an annotation that is text, for whoever evaluates it.
def priority(p: "__import__('os').system('echo > @TARGET@')", d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
