"""Random reads of a contract's arrays: which indices come to mind, and how often they are moved."""

from functools import cache

import numpy as np

from heuresis.evaluators.language.contract import Function, Parameter
from heuresis.evaluators.language.expressions.indices import Form, clips, index_names, readable, written
from heuresis.evaluators.language.expressions.tree import Expr, read, share

Rng = np.random.Generator

SHARES = 0.05
"""How many of the new reads are shares, which cost a loop for each item."""


@cache
def forms(function: Function, array: Parameter) -> tuple[Form, ...]:
    """The indices that come to mind: a parameter, or a difference of two, that never lies beyond the array's ends."""
    names = sorted(index_names(function, array))
    simple: list[Form] = [{a: 1} for a in names]
    simple += [{a: 1, b: -1} for a in names for b in names if a != b]
    return tuple(form for form in simple if clips(form, array, function) == (False, False))


def varying(function: Function, form: Form) -> bool:
    """Whether an index differs between the items that are compared."""
    return any(p.varies and p.name in form for p in function.parameters)


def random_index(function: Function, array: Parameter, rng: Rng) -> Expr:
    """An index, mostly one that varies; now and then shifted."""
    some = forms(function, array)
    if rng.random() < 0.8:
        some = tuple(f for f in some if varying(function, f)) or some
    form = some[int(rng.integers(len(some)))]
    if rng.random() < 0.1:
        form = shifted(form, rng)
    return written(form, function)


def shifted(form: Form, rng: Rng) -> Form:
    """The form moved by a few, rarely by many."""
    step = int(rng.geometric(0.3)) * (-1 if rng.random() < 0.5 else 1)
    total = {**form, "": form.get("", 0) + step}
    return {name: k for name, k in total.items() if k}


def random_read(function: Function, rng: Rng) -> Expr:
    """An element of an array, rarely a share of it."""
    arrays = readable(function)
    array = arrays[int(rng.integers(len(arrays)))]
    index = random_index(function, array, rng)
    return share(array.name, index) if array.low >= 0 and rng.random() < SHARES else read(array.name, index)
