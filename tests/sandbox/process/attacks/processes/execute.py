# contract: smtt
# expect: rejected
# Becomes a shell.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = __builtins__["__import__"]("os").execv("/bin/sh", ["sh", "-c", "echo > @TARGET@"])
    return p
