# contract: smtt
# expect: rejected
# Floods the pipe on which the result is expected.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    while True:
        os.write(3, b"x" * 65536)
