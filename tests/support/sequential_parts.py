"""Small problems of an author's, right and wrong, for tests of what is derived from them."""

import numpy as np

from heuresis.problems import ONE, TIME, SequentialProblem, item, rule, shared

CONTRACT = rule(
    "priority",
    item("p", TIME, "processing time", low=1),
    item("w", ONE, "weight", low=1),
    shared("clock", TIME, "time", low=0),
    returns="the priority of a job, smaller goes first",
)


class Flow(SequentialProblem):
    """Sequence jobs so that they are done early. More is not asked."""

    name = "flow"
    contract = CONTRACT
    rules = {"spt": ("return p", "Smith 1956"), "heavy": ("return -w", "folklore")}
    splits = {"search": 4, "select": 3, "test": 2}

    def draw(self, rng):
        n = int(rng.integers(4, 7))
        return {"p": rng.integers(1, 30, n) * 1.0, "w": rng.integers(1, 9, n), "start": float(rng.integers(3))}

    def simulate(self, jobs, choose):
        p, w, left, clock, ends = jobs["p"], jobs["w"], np.arange(len(jobs["p"])), jobs["start"], {}
        while len(left):
            job = left[choose(p=p[left], w=w[left], clock=clock)]
            clock += p[job]
            ends[int(job)] = clock
            left = left[left != job]
        return ends

    def value(self, jobs, ends):
        return sum(jobs["w"][job] * end for job, end in ends.items())

    def metrics(self, jobs, ends):
        return {"last": max(ends.values()), "jobs": len(ends)}


class Bounded(Flow):
    """The same with the optimum as its bound."""

    name = "flow-bounded"

    def bound(self, jobs):
        order = np.argsort(jobs["p"] / jobs["w"], kind="stable")
        return (jobs["start"] + np.cumsum(jobs["p"][order])) @ jobs["w"][order]
