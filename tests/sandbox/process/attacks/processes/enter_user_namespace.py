# contract: python
# expect: rejected
# effect: returned
# Enters a user name space, in which it is root and meets far more of the kernel.
import ctypes

CLONE_NEWUSER = 0x10000000


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
