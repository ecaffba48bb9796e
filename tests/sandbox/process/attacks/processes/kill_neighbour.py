# contract: python
# expect: rejected
# effect: neighbour
# Kills another process of the user's.
import os
import signal


def attack():
    os.kill(int("@NEIGHBOUR@"), signal.SIGKILL)
