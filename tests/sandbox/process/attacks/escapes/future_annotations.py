# contract: smtt
# expect: rejected
# Turns annotations into text and hides code there.
from __future__ import annotations

def priority(p: __import__("os"), d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
