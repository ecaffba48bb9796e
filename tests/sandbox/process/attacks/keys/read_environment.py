# contract: python
# expect: rejected
# effect: secret
# Reads the environment of another process of the user's, where a key stands.
import os


def attack():
    os.close(0)
    descriptor = os.open("/proc/@NEIGHBOUR@/environ", os.O_RDONLY)
    return os.read(descriptor, 100_000)
