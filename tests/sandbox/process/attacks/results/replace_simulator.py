# contract: smtt
# expect: rejected
# Replaces a method of the simulator.
from heuresis.evaluators.tardiness.simulator import Dispatch

Dispatch.decide = lambda self, program, theta, order: ()

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
