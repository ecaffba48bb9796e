# contract: smtt
# expect: rejected
# Leaks a number through the name that it asks the resolver for.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return socket.getaddrinfo(p, 80)
