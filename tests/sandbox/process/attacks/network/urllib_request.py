# contract: smtt
# expect: rejected
# Fetches a page while the module is loaded.
import urllib.request

BODY = urllib.request.urlopen("http://127.0.0.1:@TCP@/").read()

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return len(BODY)
