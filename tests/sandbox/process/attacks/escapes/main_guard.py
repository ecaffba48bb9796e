# contract: smtt
# expect: rejected
# Runs code where a script would.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p

if __name__ != "":
    open("@TARGET@", "w")
