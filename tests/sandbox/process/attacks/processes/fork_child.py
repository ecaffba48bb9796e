# contract: python
# expect: rejected
# effect: returned
# Forks.
import os


def attack():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
