# contract: python
# expect: rejected
# effect: returned
# Reads the memory of another process of the user's.
import ctypes
import os


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    buffer = ctypes.create_string_buffer(16)
    here = Vector(ctypes.addressof(buffer), 16)
    there = Vector(int("@ADDRESS@"), 16)
    read = libc.process_vm_readv(
        int("@NEIGHBOUR@"), ctypes.byref(here), ctypes.c_ulong(1), ctypes.byref(there), ctypes.c_ulong(1), ctypes.c_ulong(0)
    )
    if read != 16:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
