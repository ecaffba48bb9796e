# contract: python
# expect: rejected
# effect: tcp
# Connects to a TCP port on loopback and sends a line.
import os
import socket


def attack():
    os.close(0)
    with socket.create_connection(("127.0.0.1", int("@TCP@")), timeout=5) as connection:
        connection.sendall(b"tcp\n")
