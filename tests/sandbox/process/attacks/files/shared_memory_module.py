# contract: smtt
# expect: rejected
# Leaves data in /dev/shm for a later candidate.
from multiprocessing import shared_memory

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    shared_memory.SharedMemory("@SHM@", create=True, size=8)
    return p
