# contract: smtt
# expect: rejected
# Sends one datagram, which needs no answer and no connection.
import socket as math

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    math.socket(math.AF_INET, math.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", int("@UDP@")))
    return p
