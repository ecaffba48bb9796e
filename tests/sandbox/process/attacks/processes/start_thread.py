# contract: python
# expect: rejected
# effect: returned
# Starts a thread.
import threading


def attack():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
