# contract: smtt
# expect: rejected
# Reaches the frames of its callers through a generator.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    g = (g.gi_frame.f_back.f_back for _ in [1])
    return p
