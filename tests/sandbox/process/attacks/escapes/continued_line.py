# contract: smtt
# expect: rejected
# Breaks an import into two lines.
imp\
ort os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
