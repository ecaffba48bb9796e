"""The commented beginning of a problem of one's own, which `heuresis problems --new NAME` writes."""

import keyword
import sys
from string import Template

from heuresis.problems.problem import ProblemError


def module_name(name: str) -> str:
    """The name of the file without `.py`. Raises ProblemError where Python could not import it, or would another."""
    stem = name.removesuffix(".py").replace("-", "_")
    if not stem.isascii() or not stem.isidentifier() or keyword.iskeyword(stem) or not stem[0].isalpha():
        raise ProblemError(f"expected a name of letters, digits, - and _, such as my-shop, got {name!r}")
    if stem != stem.lower() or "__" in stem or stem.endswith("_"):
        raise ProblemError(f"expected small letters, and one - or _ between words, such as my-shop, got {name!r}")
    if stem in sys.stdlib_module_names or stem in ("heuresis", "numba", "numpy"):
        raise ProblemError(f"{stem!r} is the name of a module of Python or Heuresis; choose another name")
    return stem


def skeleton(module: str) -> str:
    """The text of `module`.py: a problem that evolves at once, with a comment at everything that is yours to change."""
    return _TEXT.substitute(
        module=module, name=module.replace("_", "-"), kind="".join(word.capitalize() for word in module.split("_"))
    )


_TEXT = Template('''\
"""A problem for Heuresis. It works as it is; change one part after the other, and try it after each change:

    heuresis problems $module.py                     what a program sees, how many instances there are
    heuresis evaluate $module.py                     the rules below, on instances that no search sees
    heuresis evolve $module.py --evaluations 200     a search
"""

import numpy as np

from heuresis.problems import ONE, TIME, SequentialProblem, item, register, rule, shared


class $kind(SequentialProblem):
    """Sequence jobs on one machine so that the weighted sum of their lateness beyond the due dates is small.

    This text is the statement: people and language models read it. Say what is decided, when, and what is to be small.
    Whenever the machine is free, the job of smallest `priority` among those left goes next.
    """

    name = "$name"
    version = 1  # another number when old values hold no longer

    # What a rule sees of each item that could be chosen, and what all of them share. Units keep the search from adding
    # apples to pears: TIME (a length), DATE (a point on the clock), SIZE, COUNT, ONE (a plain number).
    contract = rule(
        "priority",
        item("p", TIME, "processing time of the job", low=1),  # low: the smallest value it can take
        item("w", ONE, "weight of the job", low=1),
        item("slack", TIME, "time until the job must start to be in time, negative where it is late already"),
        shared("p_mean", TIME, "mean processing time of the jobs left", low=1),
        returns="the priority of a job, smaller goes first (ties by the job's number)",
    )

    # Classical rules, from which a search starts: the body of the function, and who it is of.
    rules = {
        "weighted_shortest": ("return p / w", "Smith 1956"),
        "least_slack": ("return slack", "folklore"),
    }

    # How many instances are drawn: to search on, to choose the champion on, and to report on.
    splits = {"search": 20, "select": 20, "test": 40}

    def draw(self, rng):
        """One random instance: names and arrays or numbers. All that is random comes from `rng`."""
        p = rng.integers(1, 101, 20)
        return {"p": p, "w": rng.integers(1, 11, 20), "d": rng.integers(0, int(0.8 * p.sum()), 20)}

    def simulate(self, jobs, choose):
        """Play one instance. Every decision is a call of `choose`, with the features of the contract by name.

        It returns the place of the chosen item in these arrays. What is returned here is the value, smaller is better.
        Rely on the instance and on the choices only: no files, no random numbers, nothing kept on `self`.
        """
        p, w, d = jobs["p"], jobs["w"], jobs["d"]
        left = np.arange(len(p))
        time = total = 0
        while len(left):
            place = choose(p=p[left], w=w[left], slack=d[left] - p[left] - time, p_mean=p[left].mean())
            job = left[place]
            time += p[job]
            total += w[job] * max(0, time - d[job])
            left = np.delete(left, place)
        return total

    # def bound(self, jobs):
    #     """The optimum or a lower bound, where you know one: scores are then gaps to it; nothing may fall short."""

    # def labels(self, jobs):
    #     """By what tables group instances, for instance their size."""
    #     return {"n": len(jobs["p"])}


register($kind())
''')
