# contract: python
# expect: rejected
# effect: target
# Deletes a file of the user's.
import os


def attack():
    os.unlink("@TARGET@")
