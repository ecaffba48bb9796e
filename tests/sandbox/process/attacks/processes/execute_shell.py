# contract: python
# expect: rejected
# effect: exit
# Becomes a shell.
import os


def attack():
    os.execv("/bin/sh", ["sh", "-c", "exit 42"])
