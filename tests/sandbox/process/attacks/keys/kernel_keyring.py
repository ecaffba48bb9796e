# contract: python
# expect: rejected
# effect: returned
# Stores a key in the kernel's keyring of the session, for a later candidate.
import ctypes

ADD_KEY = 248
SESSION_KEYRING = -3


def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    text = ctypes.c_char_p(b"heuresis")
    key = libc.syscall(ctypes.c_long(ADD_KEY), ctypes.c_char_p(b"user"), text, text, ctypes.c_size_t(8), ctypes.c_int(SESSION_KEYRING))
    if key < 0:
        raise OSError(ctypes.get_errno(), "add_key")
