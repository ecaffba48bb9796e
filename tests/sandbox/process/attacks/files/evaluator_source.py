# contract: smtt
# expect: rejected
# Rewrites the simulator so that later runs score everything as 0.
import heuresis.evaluators.tardiness.simulator

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    open("@SOURCE@", "a").write("def aggregate(*_): return 0.0")
    return p
