# contract: python
# expect: rejected
# effect: returned
# Attaches to another process of the user's as a debugger.
import ctypes

PTRACE_SEIZE = 0x4206


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    zero = ctypes.c_void_p(0)
    if libc.ptrace(ctypes.c_long(PTRACE_SEIZE), ctypes.c_long(int("@NEIGHBOUR@")), zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
