# contract: smtt
# expect: rejected
# Talks to a service of the user's session through a Unix socket.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = __import__("socket").socket(1).connect("@UNIX@")
    return p
