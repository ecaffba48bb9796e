# contract: python
# expect: rejected
# effect: tcp
# Connects to a TCP port on loopback by Multipath TCP.
import os
import socket

IPPROTO_MPTCP = 262


def attack():
    os.close(0)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    connection.settimeout(5)
    connection.connect(("127.0.0.1", int("@TCP@")))
    connection.sendall(b"mptcp\n")
