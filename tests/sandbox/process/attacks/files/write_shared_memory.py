# contract: python
# expect: rejected
# effect: shm
# Leaves a file in /dev/shm for a later candidate.
import os


def attack():
    os.close(0)
    os.open("/dev/shm/@SHM@", os.O_CREAT | os.O_RDWR, 0o600)
