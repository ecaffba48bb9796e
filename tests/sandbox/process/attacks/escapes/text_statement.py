# contract: smtt
# expect: ok
# A text that looks like code; alone on a line it means nothing and is dropped.
"open('@TARGET@', 'w')"

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    "import os; os.system('echo > @TARGET@')"
    return p
