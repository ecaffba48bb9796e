# contract: smtt
# expect: rejected
# Walks all objects of the process for the instances and their references.
import gc

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    best = [o for o in gc.get_objects() if hasattr(o, "reference")]
    return best[0].reference[0]
