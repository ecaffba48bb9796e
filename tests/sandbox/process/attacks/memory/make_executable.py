# contract: python
# expect: rejected
# effect: returned
# Writes a page first and makes it executable afterwards.
import ctypes
import mmap

PROT_READ, PROT_EXEC = 1, 4


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    page = libc.mmap(ctypes.c_void_p(0), ctypes.c_size_t(mmap.PAGESIZE), 3, 0x22, -1, ctypes.c_long(0))
    ctypes.memset(page, 0xC3, 1)
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), PROT_READ | PROT_EXEC) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
