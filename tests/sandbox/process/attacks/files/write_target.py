# contract: python
# expect: rejected
# effect: target
# Writes into a file of the user's.
import os


def attack():
    os.close(0)
    descriptor = os.open("@TARGET@", os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"changed")
