# contract: python
# expect: rejected
# effect: abstract
# Connects to a Unix socket in the abstract name space, which no file permission guards.
import os
import socket


def attack():
    os.close(0)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect("\0@ABSTRACT@")
    connection.sendall(b"abstract\n")
