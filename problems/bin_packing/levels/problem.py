"""Online bin packing: put items into bins as they arrive, so that few bins are needed."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N, CONTRACT_STATELESS
from heuresis.evaluators.language.contract import Contract
from heuresis.problems.baselines import source_of
from heuresis.problems.bin_packing.instances import (
    UNIFORM,
    WEIBULL,
    Family,
    PackingInstance,
    fingerprint,
    mixed,
    reported,
    searched,
    selected,
)
from heuresis.problems.bin_packing.reader import read
from heuresis.problems.bin_packing.scoring import EXCESS, METRICS, PackingScoring
from heuresis.problems.cutting import by_name
from heuresis.problems.problem import Algorithm, Baseline, InstanceSet, Options, Problem
from heuresis.problems.registry import register

STATEMENT = """\
Items of integer sizes arrive one by one and are packed at once, for good, into bins of one capacity. Use few bins.

For each item `score` is computed for every bin that has room for it and for a new bin, and the item goes into the bin
of smallest score (ties: the fullest, so a new bin comes last). Bins with equally much left are the same to a rule, so
it is asked once for each remaining capacity that occurs; `rem = cap` is the new bin. {more}
Good rules fill bins exactly or leave room that later items can use: they avoid what is left being smaller than most
items, and keep bins of many different remaining capacities open. The sizes come from one distribution per instance,
which is not given{hint}.
"""

_STATE = """`counts[r]` is the number of open
bins with r left (`counts[0]`: full ones), and `seen[s]` the number of items of size s so far, this one included.
"""
_UNKNOWN = "How many items will come is not known; instances have different lengths.\n"
_KNOWN = "The number of items is known: `n` in all, `left` of them to come, this one included.\n"
_BLIND = """A rule sees
the item, what the bin has left, and the capacity: neither which other bins are open nor what came before.
"""
_HINT = ", but `seen` shows ever more of it"

STANDALONE = '''\
def pack(items, cap):
    """Pack items of integer sizes, in the order given, into bins of capacity `cap`.

    Returned is for each item the number of its bin, from 0.
    """
    if isinstance(cap, bool) or not hasattr(cap, "__index__") or cap < 1:
        raise ValueError(f"the capacity must be an integer of 1 or more, got {{cap!r}}")
    items = list(items)
    for number, item in enumerate(items):
        if isinstance(item, bool) or not hasattr(item, "__index__") or not 1 <= item <= cap:
            raise ValueError(f"items[{{number}}] must be an integer from 1 to the capacity, {{cap}}, got {{item!r}}")
    counts, seen = [0] * (cap + 1), [0] * (cap + 1)
    open_bins, bins, opened = {{}}, [], 0
    for number, item in enumerate(items):
        seen[item] += 1
        levels = sorted(r for r in open_bins if r >= item) + [cap]
        values = [float(score(item, r, cap{known})) for r in levels]
        if any(value - value != 0.0 for value in values):
            raise ValueError("score returned NaN or an infinity")
        rem = levels[values.index(min(values))]
        if rem == cap:
            place, opened = opened, opened + 1
        else:
            place = open_bins[rem].pop(open_bins[rem].index(min(open_bins[rem])))
            counts[rem] -= 1
            if not open_bins[rem]:
                del open_bins[rem]
        bins.append(place)
        counts[rem - item] += 1
        open_bins.setdefault(rem - item, []).append(place)
    return bins
'''

SOURCES = (
    "Castineiras, De Cauwer and O'Sullivan 2012, Weibull-based benchmarks, doi:10.1007/978-3-642-33558-7_17",
    "Csirik et al. 2006, the sum of squares, doi:10.1145/1120582.1120583",
    "Delorme, Iori and Martello 2016, survey and BPPLIB, doi:10.1016/j.ejor.2016.04.030",
    "Falkenauer 1996, uniform and triplet instances, doi:10.1007/BF00226291",
    "Johnson et al. 1974, first fit and best fit, doi:10.1137/0203025",
    "Lee and Lee 1985, harmonic, doi:10.1145/3828.3833",
    "Martello and Toth 1990, lower bounds, doi:10.1016/0166-218X(90)90094-S",
    "Romera-Paredes et al. 2024, FunSearch, doi:10.1038/s41586-023-06924-6",
)

_RULES = (
    ("best_fit", "best fit", "Johnson et al. 1974, doi:10.1137/0203025"),
    ("worst_fit", "worst fit", "Johnson et al. 1974, doi:10.1137/0203025"),
    ("harmonic", "after harmonic, told by levels", "after Lee and Lee 1985, doi:10.1145/3828.3833"),
    ("sum_of_squares", "sum of squares", "Csirik et al. 2006, doi:10.1145/1120582.1120583"),
    ("weighted_sum_of_squares", "sum of squares, weighted by what was seen", "after Csirik et al. 2006"),
    (
        "sum_of_squares_and_waste",
        "sum of squares and expected waste",
        "Csirik et al. 2006; the waste is this project's",
    ),
    (
        "weighted_sum_of_squares_n",
        "sum of squares, weighted by what is to come",
        "after Csirik et al. 2006; the weight is this project's",
    ),
)
_COUNTING = ("sum_of_squares_and_waste", "weighted_sum_of_squares_n")
_STATEFUL = ("sum_of_squares", "weighted_sum_of_squares", *_COUNTING)


def _baselines(contract: Contract) -> tuple[Baseline, ...]:
    """The classical rules that read no more than a contract shows."""
    shown = {p.name for p in contract.main.parameters}

    def source(name: str) -> str:
        text = source_of("bin_packing.levels", name).replace(CONTRACT.main.signature, contract.main.signature)
        if contract.main.signature not in text:
            raise ValueError(f"baseline {name}: expected the function `{CONTRACT.main.signature}`")
        return text

    rules = [r for r in _RULES if "counts" in shown or r[0] not in _STATEFUL]
    rules = [r for r in rules if "left" in shown or r[0] not in _COUNTING]
    return tuple(Baseline(name, title, source(name), citation) for name, title, citation in rules)


def _algorithm(name: str) -> Callable[[PackingInstance], float]:
    """The number of bins that one of the reference algorithms uses."""

    def value(instance: PackingInstance) -> float:
        from heuresis.evaluators.bin_packing import algorithms as rules  # compiled: only when it is asked for

        items: NDArray[np.int64] = instance.items.copy()  # the compiled code takes writable arrays only
        return float(getattr(rules, name)(items, instance.capacity))

    return value


_REFERENCES = (
    Algorithm("first_fit", "first fit", _algorithm("first_fit"), "Johnson et al. 1974, doi:10.1137/0203025"),
    Algorithm(
        "harmonic_classes",
        "harmonic, 12 classes",
        _algorithm("harmonic_classes"),
        "Lee and Lee 1985, doi:10.1145/3828.3833",
    ),
    Algorithm(
        "first_fit_decreasing",
        "first fit decreasing (offline)",
        _algorithm("first_fit_decreasing"),
        "Johnson et al. 1974, doi:10.1137/0203025",
    ),
    Algorithm(
        "best_fit_decreasing",
        "best fit decreasing (offline)",
        _algorithm("best_fit_decreasing"),
        "Johnson et al. 1974, doi:10.1137/0203025",
    ),
)


@functools.cache
def _search(family: Family) -> InstanceSet:
    return searched(family)


@functools.cache
def _select(family: Family) -> InstanceSet:
    return selected(family)


_test = functools.cache(reported)

_SQUARES = Algorithm(
    "sum_of_squares", "sum of squares", _algorithm("sum_of_squares"), "Csirik et al. 2006, doi:10.1145/1120582.1120583"
)


def _algorithms(contract: Contract) -> tuple[Algorithm, ...]:
    """The reference algorithms; sum of squares is one where the contract hides what it needs."""
    shown = {p.name for p in contract.main.parameters}
    return _REFERENCES if "counts" in shown else (_SQUARES, *_REFERENCES)


_FAMILIES = {
    family.name: {"search": functools.partial(_search, family), "select": functools.partial(_select, family)}
    for family in (WEIBULL, UNIFORM)
} | {
    "mixed": {
        "search": functools.cache(lambda: mixed(_search(WEIBULL), _search(UNIFORM))),
        "select": functools.cache(lambda: mixed(_select(WEIBULL), _select(UNIFORM))),
    }
}


_SCORING = PackingScoring()


def _problem(name: str, title: str, contract: Contract, simulator: str, more: str, known: str, hint: str) -> Problem:
    return Problem(
        name=name,
        version=1,
        title=title,
        statement=STATEMENT.format(more=more, hint=hint),
        contract=contract,
        simulator=f"heuresis.evaluators.bin_packing.levels.simulator:{simulator}",
        scoring=_SCORING,
        objective=EXCESS,
        metrics=METRICS,
        splits={**_FAMILIES[WEIBULL.name], "test": _test},
        options=Options(_FAMILIES),
        baselines=_baselines(contract),
        algorithms=_algorithms(contract),
        read=read,
        parts=functools.partial(by_name, fingerprint, _SCORING.groups),
        sources=SOURCES,
        standalone=STANDALONE.format(known=known),
    )


PROBLEM = register(
    _problem("bin-packing", "Bin packing, online", CONTRACT, "Packing", _STATE + _UNKNOWN, ", counts, seen", _HINT)
)

PROBLEM_N = register(
    _problem(
        "bin-packing-n",
        "Bin packing, online, with a known number of items",
        CONTRACT_N,
        "PackingWithCount",
        _STATE + _KNOWN,
        ", len(items), len(items) - number, counts, seen",
        _HINT,
    )
)

PROBLEM_STATELESS = register(
    _problem(
        "bin-packing-stateless",
        "Bin packing, online, by item and remaining capacity alone",
        CONTRACT_STATELESS,
        "PackingStateless",
        _BLIND,
        "",
        "",
    )
)
