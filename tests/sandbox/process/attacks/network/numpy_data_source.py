# contract: smtt
# expect: rejected
# Lets numpy fetch a page: the allowed module has a downloader.
import numpy as np

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = np.lib.npyio.DataSource("@FOLDER@").open("http://127.0.0.1:@TCP@/x")
    return p
