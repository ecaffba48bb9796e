# contract: python
# expect: rejected
# effect: udp
# Sends a datagram to a UDP port on loopback.
import os
import socket


def attack():
    os.close(0)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"udp\n", ("127.0.0.1", int("@UDP@")))
