"""1||sum w_j C_j in the short form: finish heavy jobs early on one machine. Sorting by p/w is optimal (Smith 1956)."""

import numpy as np

from heuresis.problems import ONE, TIME, SequentialProblem, item, register, rule, shared


class Sequencing(SequentialProblem):
    """Sequence jobs on a single machine so that the weighted sum of their completion times is small.

    The machine takes one job after the other, without idle time; whenever it is free, the job of smallest `priority`
    among those left goes next.
    """

    name = "sequencing"
    contract = rule(
        "priority",
        item("p", TIME, "processing time of the job", low=1),
        item("w", ONE, "weight of the job", low=1),
        shared("p_mean", TIME, "mean processing time of all jobs", low=1),
        returns="the priority of a job, smaller goes first (ties by the job's number)",
    )
    rules = {"spt": ("return p", "Smith 1956"), "heaviest": ("return -w", "folklore")}
    splits = {"search": 20, "select": 20, "test": 40}

    def draw(self, rng):
        """One instance: 20 jobs."""
        return {"p": rng.integers(1, 101, 20) * 1.0, "w": rng.integers(1, 11, 20) * 1.0}

    def simulate(self, jobs, choose):
        """The weighted sum of completion times."""
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


register(Sequencing())
