# contract: python
# expect: rejected
# effect: secret
# Reads a file of the user's.
import os


def attack():
    os.close(0)
    descriptor = os.open("@SECRET@", os.O_RDONLY)
    return os.read(descriptor, 1000)
