# contract: smtt
# expect: rejected
# Puts a link where the archive is expected.
from os import symlink

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    symlink("@SECRET@", "@FOLDER@/archive.db")
    return p
