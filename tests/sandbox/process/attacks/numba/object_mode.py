# contract: nopython
# expect: rejected
# effect: target
# Leaves compiled code for plain Python and deletes a file there.
IMPORT = np.__builtins__["__import__"]
objmode = IMPORT("numba").objmode
UNLINK = IMPORT("os").unlink

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    with objmode(x="float64"):
        UNLINK("@TARGET@")
        x = 1.0
    return x + p
