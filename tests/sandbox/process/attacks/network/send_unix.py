# contract: python
# expect: rejected
# effect: unix
# Connects to a Unix socket in the file system.
import os
import socket


def attack():
    os.close(0)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect("@UNIX@")
    connection.sendall(b"unix\n")
