# contract: smtt
# expect: rejected
# Ends the process with an exception that handlers overlook.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    raise SystemExit(0)
