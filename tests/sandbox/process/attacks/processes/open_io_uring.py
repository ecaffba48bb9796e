# contract: python
# expect: rejected
# effect: returned
# Opens an io_uring, which makes system calls that a filter does not see.
import ctypes
import os

IO_URING_SETUP = 425


def attack():
    os.close(0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    parameters = ctypes.create_string_buffer(120)
    if libc.syscall(ctypes.c_long(IO_URING_SETUP), ctypes.c_uint(1), parameters) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
