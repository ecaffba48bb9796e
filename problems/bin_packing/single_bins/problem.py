"""Online bin packing by an array of priorities, as FunSearch evaluates it: for rules of the literature."""

import functools
from collections.abc import Callable, Mapping

from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT, CONTRACT_FRESH
from heuresis.evaluators.language.contract import Contract
from heuresis.problems.baselines import baselines
from heuresis.problems.bin_packing.instances import PackingInstance, fingerprint
from heuresis.problems.bin_packing.levels.problem import PROBLEM as BY_LEVELS
from heuresis.problems.bin_packing.levels.problem import PROBLEM_STATELESS, SOURCES
from heuresis.problems.bin_packing.single_bins.scoring import PackingArrayScoring
from heuresis.problems.problem import InstanceSet, Options, Problem
from heuresis.problems.registry import register

STATEMENT = """\
Items of integer sizes arrive one by one and are packed at once, for good, into bins of one capacity. Use few bins.

For each item `priority` is called once with what each bin with room for it has left, and returns an array of one
priority for each of them. The item goes into the bin of **largest** priority, of equal ones into the first. An infinite
priority is allowed, NaN is not.

{more}
Good rules fill bins exactly or leave room that later items can use: they avoid what is left being smaller than most
items, and keep bins of many different remaining capacities open.
"""

_ALL = """\
All bins exist from the start, one for each item, so most of `bins` are empty ones at its end, and their number tells
how many items will come. This is the form in which the literature reports its results.
"""
_ONE = "The last of `bins` is new; the others have been used, in that order. How many items will come is not known.\n"

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
    left = [float(cap)] * {start}
    bins = []
    for item in items:
        fitting = [b for b, rem in enumerate(left) if rem >= item]
        values = priority(float(item), [left[b] for b in fitting])
        if len(values) != len(fitting) or any(value != value for value in values):
            raise ValueError("priority returned NaN or an array of another length")
        place = fitting[values.index(max(values))]
        left[place] -= item{more}
        bins.append(place)
    return bins
'''
_OPEN = """
        if place == len(left) - 1:
            left.append(float(cap))"""

_JOHNSON, _FUNSEARCH = "Johnson et al. 1974, doi:10.1137/0203025", "Romera-Paredes et al. 2024, FunSearch"
_SIMULATORS = "heuresis.evaluators.bin_packing.single_bins.simulator"
_RULES = (
    ("first_fit", "first fit", _JOHNSON),
    ("best_fit", "best fit", _JOHNSON),
    ("worst_fit", "worst fit", _JOHNSON),
    ("funsearch_or", "FunSearch's rule for OR-Library", f"{_FUNSEARCH}, doi:10.1038/s41586-023-06924-6"),
    ("funsearch_weibull", "FunSearch's rule for Weibull sizes", f"{_FUNSEARCH}, doi:10.1038/s41586-023-06924-6"),
)


SEARCHED_ITEMS, SELECTED_OF_5K, REPORTED_OF_5K = 4_000, 4, 5


def _shown(instance: PackingInstance, of_5k: int) -> bool:
    """Whether `select` or `test` keeps an instance, with so many of the 5,000 items."""
    number = int(instance.name.rpartition("-")[2])
    return instance.size < 5_000 or (instance.size == 5_000 and number < of_5k)


def _fewer(make: Callable[[], InstanceSet]) -> InstanceSet:
    """The instances of a split that can be packed over all bins at once: the time goes with the square of the items."""
    whole = make()
    kept = {
        "search": lambda i: i.size <= SEARCHED_ITEMS,
        "select": lambda i: _shown(i, SELECTED_OF_5K),
        "test": lambda i: _shown(i, REPORTED_OF_5K),
    }[whole.name]
    instances = tuple(filter(kept, whole.instances))
    return InstanceSet(whole.name, instances, fingerprint(instances))


def _cheaper(splits: Mapping[str, Callable[[], InstanceSet]]) -> dict[str, Callable[[], InstanceSet]]:
    return {name: functools.cache(functools.partial(_fewer, make)) for name, make in splits.items()}


def _problem(name: str, title: str, contract: Contract, one_fresh: bool) -> Problem:
    families = BY_LEVELS.options.families
    if not one_fresh:
        families = {family: _cheaper(splits) for family, splits in families.items()}
    test = BY_LEVELS.splits["test"] if one_fresh else functools.cache(lambda: _fewer(BY_LEVELS.splits["test"]))
    start, more = ("1", _OPEN) if one_fresh else ("len(items)", "")
    scoring = PackingArrayScoring(one_fresh)
    return Problem(
        name=name,
        version=1,
        title=title,
        statement=STATEMENT.format(more=_ONE if one_fresh else _ALL),
        contract=contract,
        simulator=f"{_SIMULATORS}:{'PackingArrayFresh' if one_fresh else 'PackingArray'}",
        scoring=scoring,
        objective=BY_LEVELS.objective,
        metrics=BY_LEVELS.metrics,
        splits={**next(iter(families.values())), "test": test},
        options=Options(families),
        baselines=baselines("bin_packing.single_bins", _RULES),
        algorithms=tuple(r for r in PROBLEM_STATELESS.algorithms if r.name != "first_fit"),
        read=BY_LEVELS.read,
        parts=BY_LEVELS.parts,
        sources=SOURCES,
        standalone=STANDALONE.format(start=start, more=more),
    )


PROBLEM = register(_problem("bin-packing-array", "Bin packing, online, over all bins at once", CONTRACT, False))

PROBLEM_FRESH = register(
    _problem("bin-packing-array-fresh", "Bin packing, online, over the used bins and a new one", CONTRACT_FRESH, True)
)
