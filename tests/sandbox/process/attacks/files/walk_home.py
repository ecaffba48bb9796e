# contract: smtt
# expect: rejected
# Looks for keys in the user's home.
import glob

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return len(glob.glob("/home/*/.ssh/*"))
