# contract: smtt
# expect: rejected
# Opens a Multipath TCP connection, which filters on TCP alone overlook.
from socket import socket

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    s = socket(2, 1, 262)
    s.connect(("127.0.0.1", int("@TCP@")))
    return p
