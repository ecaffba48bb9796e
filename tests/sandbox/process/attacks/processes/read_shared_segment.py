# contract: python
# expect: rejected
# effect: secret
# Reads a System V shared memory segment of another process.
import ctypes

SHM_RDONLY = 0o10000


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(ctypes.c_int(int("@SEGMENT@")), ctypes.c_void_p(0), ctypes.c_int(SHM_RDONLY))
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(address)
