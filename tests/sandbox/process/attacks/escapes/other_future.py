# contract: smtt
# expect: rejected
# Changes the grammar.
from __future__ import barry_as_FLUFL

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p <> d
