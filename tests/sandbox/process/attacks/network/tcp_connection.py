# contract: smtt
# expect: rejected
# Connects to a listening port through the socket module.
import socket

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    socket.create_connection(("127.0.0.1", int("@TCP@"))).send(b"hello")
    return p
