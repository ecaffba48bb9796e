# contract: smtt
# expect: rejected
# Writes a record by hand and leaves.
import os, struct

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    os.write(3, struct.pack("<8sBBHIdd", b"hzREC001", 0, 0, 0, 0, 0.0, 0.0))
    os._exit(0)
    return p
