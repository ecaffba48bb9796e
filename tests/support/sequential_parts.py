"""Small problems of an author's, right and wrong, for tests of what is derived from them."""

import numpy as np

from heuresis.problems import COUNT, ONE, SIZE, TIME, SequentialProblem, item, rule, shared

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


class Kinds(SequentialProblem):
    """Features of every kind, under names that generated code might use itself."""

    name = "kinds"
    contract = rule(
        "key_of",
        item("count", SIZE, "room", kind="int64", low=0, at_most="out"),
        item("keys", ONE, "a number", low=0),
        item("self", ONE, "whether", low=0),
        shared("out", SIZE, "capacity", kind="int64", low=0),
        shared("item", TIME, "clock", low=0),
        shared("instance", COUNT, "histogram", kind="float64[]", low=0, last="out"),
        shared("i", ONE, "decisions so far", kind="int64", low=0),
        returns="a key, smaller first",
    )
    rules = {
        "room": ("return float(count)", "nobody"),
        "looked_up": ("return keys + instance[count] * item", "nobody"),
        "looped": ("total = 0.0\nfor k in range(len(instance)):\n    total += instance[k]\nreturn total * self - i", "nobody"),
    }  # fmt: skip
    splits = {"search": 4, "select": 4, "test": 4}

    def draw(self, rng):
        return {"sizes": rng.integers(0, 5, (6, 3)), "x": rng.random(6), "flag": rng.random(6) < 0.5, "capacity": 5}

    def simulate(self, bins, choose):
        left, total, k = list(range(6)), 0.0, 0
        while left:
            found = np.bincount(bins["sizes"][left, 1], minlength=6)
            place = choose(
                count=bins["sizes"][left, 0], keys=bins["x"][left], self=bins["flag"][left],
                out=bins["capacity"], item=float(k), instance=found, i=k,
            )  # fmt: skip
            j = left.pop(place)
            k += 1
            total += k * bins["x"][j] * (1 + bins["sizes"][j, 2])
        return total

    def labels(self, bins):
        return {}
