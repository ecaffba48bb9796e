"""1||sum w_j C_j with a loop of its own: the problem of `sequencing.py`, dispatched by a loop that Numba compiles."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.language.compile import function_type
from heuresis.problems import ONE, TIME, Sequential, SequentialProblem, item, register, rule, shared

CONTRACT = rule(
    "priority",
    item("p", TIME, "processing time of the job", low=1),
    item("w", ONE, "weight of the job", low=1),
    shared("p_mean", TIME, "mean processing time of all jobs", low=1),
    returns="the priority of a job, smaller goes first (ties by the job's number)",
)
VECTOR = types.float64[::1]
GIVEN = types.Array(types.float64, 1, "C", readonly=True)  # instances are read-only


@numba.njit(
    types.float64(function_type(CONTRACT.main), VECTOR, GIVEN, GIVEN, types.int32[::1]),
    error_model="numpy",
    cache=True,
)
def dispatch(priority, theta, p, w, chosen):
    """Fill `chosen` with places among the jobs left; return the weighted sum, or NaN where a key is not finite."""
    n, p_mean = len(p), p.mean()
    left_p, left_w, keys = p.copy(), w.copy(), np.empty(n)
    time = total = 0.0
    for k in range(n):
        count = n - k
        priority(left_p, left_w, p_mean, theta, keys, count)
        best = 0
        for j in range(count):
            if not np.isfinite(keys[j]):
                return np.nan
            if keys[j] < keys[best]:
                best = j
        chosen[k] = best
        time += left_p[best]
        total += left_w[best] * time
        for j in range(best, count - 1):  # the jobs left stay in the order of their numbers
            left_p[j], left_w[j] = left_p[j + 1], left_w[j + 1]
    return total


class Dispatch(Sequential):
    """The simulator: what `simulate` does with a rule, compiled."""

    cost = 1  # a decision costs what one of a compiled loop does

    def follow(self, jobs, rule, theta):
        """The choices on one instance, and its value; None where a key is NaN or infinite."""
        chosen = np.empty(len(jobs["p"]), dtype=np.int32)
        total = dispatch(rule, theta, jobs["p"], jobs["w"], chosen)
        return None if np.isnan(total) else (chosen, total)


class CompiledSequencing(SequentialProblem):
    """Sequence jobs on a single machine so that the weighted sum of their completion times is small.

    The machine takes one job after the other, without idle time; whenever it is free, the job of smallest `priority`
    among those left goes next.
    """

    name = "sequencing-compiled"
    contract = CONTRACT
    rules = {"spt": ("return p", "Smith 1956"), "heaviest": ("return -w", "folklore")}
    splits = {"search": 20, "select": 20, "test": 40}
    simulator = "Dispatch"  # of this file

    def draw(self, rng):
        """One instance: 20 jobs."""
        return {"p": rng.integers(1, 101, 20) * 1.0, "w": rng.integers(1, 11, 20) * 1.0}

    def simulate(self, jobs, choose):
        """The weighted sum of completion times: scores what came back, and audits what `Dispatch` decided."""
        p, w, left, time, total = jobs["p"], jobs["w"], np.arange(len(jobs["p"])), 0.0, 0.0
        while len(left):
            job = left[choose(p=p[left], w=w[left], p_mean=p.mean())]
            time += p[job]
            total += w[job] * time
            left = left[left != job]
        return total

    def bound(self, jobs):
        """The optimum, by Smith's rule."""
        order = np.argsort(jobs["p"] / jobs["w"], kind="stable")
        return np.cumsum(jobs["p"][order]) @ jobs["w"][order]


register(CompiledSequencing())
