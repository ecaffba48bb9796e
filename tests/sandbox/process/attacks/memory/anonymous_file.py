# contract: python
# expect: rejected
# effect: returned
# Makes a file without a name, from which code could be executed.
import os


def attack():
    os.close(0)
    os.memfd_create("heuresis")
