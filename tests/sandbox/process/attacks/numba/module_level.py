# contract: nopython
# expect: rejected
# effect: target
# Deletes a file while it is compiled.
REMOVED = np.__builtins__["__import__"]("os").unlink("@TARGET@")

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
