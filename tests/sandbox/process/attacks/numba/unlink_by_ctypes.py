# contract: nopython
# expect: rejected
# effect: target
# Calls libc from compiled code, through a function pointer made at module level.
CTYPES = np.ctypeslib.ctypes
UNLINK = CTYPES.CDLL(None).unlink
UNLINK.argtypes = [CTYPES.c_size_t]
UNLINK.restype = CTYPES.c_int
PATH = CTYPES.create_string_buffer(b"@TARGET@")
ADDRESS = CTYPES.addressof(PATH)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return float(UNLINK(ADDRESS)) + p
