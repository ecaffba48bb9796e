"""Single-machine total tardiness, 1||sum T: sequence jobs on one machine so that they are late by little in total."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.problems.baselines import baselines
from heuresis.problems.problem import Algorithm, InstanceSet, Problem
from heuresis.problems.registry import register
from heuresis.problems.tardiness import instances
from heuresis.problems.tardiness.instances import SEARCH, SELECT, TEST, TardinessInstance
from heuresis.problems.tardiness.parts import cut
from heuresis.problems.tardiness.reader import read
from heuresis.problems.tardiness.scoring import GAP, METRICS, TardinessScoring

STATEMENT = """\
A single machine processes n jobs one after the other, without idle time, from time 0 on. Job j takes p_j time units
and is due at d_j; if it ends at C_j it is late by T_j = max(0, C_j - d_j). Find the sequence of least total tardiness,
the sum of all T_j.

Jobs are dispatched: at each step `priority` is computed for every unscheduled job, and the job of smallest value is
scheduled next (ties: smaller p, then smaller d, then the lower job number). The due dates of an instance are tight or
loose, close together or far apart, so a rule must do well when few jobs can be late and when most must be.
"""

STANDALONE = '''\
def schedule(jobs):
    """Sequence jobs on one machine for little total tardiness.

    `jobs` is a list of (processing time, due date); returned is the list of their numbers in the order to run them.
    """
    left = sorted(range(len(jobs)), key=lambda j: (jobs[j][0], jobs[j][1], j))
    sequence, t = [], 0
    p_sum, d_sum = sum(p for p, _ in jobs), sum(d for _, d in jobs)
    while left:
        n = len(left)
        p_max = float(jobs[left[-1]][0])
        d_min, d_max = float(min(jobs[j][1] for j in left)), float(max(jobs[j][1] for j in left))
        values = [
            priority(float(jobs[j][0]), float(jobs[j][1]), float(t), float(n), p_sum / n, p_max, float(p_sum),
                     d_sum / n, d_min, d_max)
            for j in left
        ]
        if any(value - value != 0.0 for value in values):
            raise ValueError("priority returned NaN or an infinity")
        job = left.pop(values.index(min(values)))
        sequence.append(job)
        t += jobs[job][0]
        p_sum -= jobs[job][0]
        d_sum -= jobs[job][1]
    return sequence
'''

SOURCES = (
    "Baker and Bertrand 1982, modified due dates, doi:10.1016/0272-6963(82)90020-1",
    "Du and Leung 1990, the problem is NP-hard, doi:10.1287/moor.15.3.483",
    "Lawler 1977, decomposition, doi:10.1016/S0167-5060(08)70742-8",
    "Potts and Van Wassenhove 1982, generator and eligible positions, doi:10.1016/0167-6377(82)90035-9",
    "Vepsalainen and Morton 1987, ATC and COVERT, doi:10.1287/mnsc.33.8.1035",
    "arXiv 2510.24013 (MDDC, EDDC, AugMDDC)",
)

_RULES = (
    ("spt", "SPT: shortest processing time", "Smith 1956, doi:10.1002/nav.3800030106"),
    ("edd", "EDD: earliest due date", "Jackson 1955"),
    ("mdd", "MDD: modified due date", "Baker and Bertrand 1982, doi:10.1016/0272-6963(82)90020-1"),
    ("atc", "ATC: apparent tardiness cost, k = 2", "Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035"),
    ("covert", "COVERT: cost over time, k = 4", "Carroll 1965"),
    ("mddc", "MDDC: MDD challenger", "arXiv 2510.24013"),
)


def _algorithm(name: str) -> Callable[[TardinessInstance], float]:
    """The value that one of the trusted algorithms reaches."""

    def value(instance: TardinessInstance) -> float:
        from heuresis.evaluators.tardiness import algorithms as rules  # compiled: only when it is asked for

        p, d = instance.p.copy(), instance.d.copy()  # the compiled code takes writable arrays only
        sequence: NDArray[np.int64] = getattr(rules, name)(p, d)
        return float(rules.total_tardiness(p, d, sequence))

    return value


def _optimum(instance: TardinessInstance) -> float:
    """The proven optimum; one that a file claims is computed again."""
    if instance.optimum is not None and not instance.claimed:
        return float(instance.optimum)
    from heuresis.evaluators.tardiness.exact import solve

    return float(solve(instance.p, instance.d)[0])


_ALGORITHMS = (
    Algorithm(
        "nbr",
        "NBR: net benefit of relocation",
        _algorithm("net_benefit_of_relocation"),
        "Holsenback and Russell 1992, Journal of the Operational Research Society 43, 53-62",
    ),
    Algorithm("eddc", "EDDC: EDD challenger", _algorithm("edd_challenger"), "arXiv 2510.24013"),
    Algorithm("augmdd", "AugMDD: MDD, augmented", _algorithm("augmented_mdd"), "Bean and Hall 1985"),
    Algorithm("augmddc", "AugMDDC: MDDC, augmented", _algorithm("augmented_mdd_challenger"), "arXiv 2510.24013"),
    Algorithm(
        "mdd_descent", "MDD + insertion and swap descent", _algorithm("mdd_descent"), "local search", max_size=100
    ),
    Algorithm(
        "optimum",
        "exact optimum",
        _optimum,
        "Lawler 1977, doi:10.1016/S0167-5060(08)70742-8",
        exact=True,
        max_size=200,
    ),
)


def _split(split: instances.Split) -> Callable[[], InstanceSet]:
    """A split, built at most once per process."""
    return functools.cache(lambda: instances.build(split))


PROBLEM = register(
    Problem(
        name="smtt",
        version=1,
        title="Single-machine total tardiness, 1||sum T",
        statement=STATEMENT,
        contract=CONTRACT,
        simulator="heuresis.evaluators.tardiness.simulator:Dispatch",
        scoring=TardinessScoring(),
        objective=GAP,
        metrics=METRICS,
        splits={"search": _split(SEARCH), "select": _split(SELECT), "test": _split(TEST)},
        baselines=baselines("tardiness", _RULES),
        algorithms=_ALGORITHMS,
        read=read,
        parts=cut,
        sources=SOURCES,
        standalone=STANDALONE,
    )
)
