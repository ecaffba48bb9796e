# contract: python
# expect: rejected
# effect: zygote
# Kills the process that supervises it.
import os
import signal
import time


def attack():
    os.kill(int("@ZYGOTE@"), signal.SIGKILL)
    time.sleep(1)
