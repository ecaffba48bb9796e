"""Which values of a screened program are integers: only those need the arithmetic of 64 bits.

Kinds follow the paths through a program, as in Numba, whose variables have one type from one assignment to the next: a
name may be an integer here and a float after another assignment, and only where paths meet is it a float if it is one
on any of them. Helpers have one version for each combination of kinds that they are called with.
"""

from collections.abc import Mapping
from enum import StrEnum

from heuresis.evaluators.language.contract import Function
from heuresis.evaluators.language.contract import Kind as Declared


class Kind(StrEnum):
    """The kind of a value; truth values count as integers, but where an integer is wanted they are none."""

    TRUTH = "truth"
    INT = "int"
    FLOAT = "float"
    INTS = "ints"  # an array
    FLOATS = "floats"


Env = Mapping[str, Kind]
"""The kinds of the names that have a value at one place of a function."""

WHOLE = frozenset({Kind.TRUTH, Kind.INT})
"""The kinds of which Python's values are integers."""

ELEMENTS = {Kind.INTS: Kind.INT, Kind.FLOATS: Kind.FLOAT}
"""What the elements of an array are."""

_DECLARED = {
    Declared.FLOAT64: Kind.FLOAT,
    Declared.INT64: Kind.INT,
    Declared.FLOAT64_ARRAY: Kind.FLOATS,
    Declared.INT64_ARRAY: Kind.INTS,
}


def declared(kind: Declared) -> Kind:
    """The kind of a parameter of the contract."""
    return _DECLARED[kind]


def returned(function: Function) -> Kind:
    """The kind that a function of the contract returns."""
    return Kind.FLOATS if function.per else Kind.FLOAT


def join(*kinds: Kind) -> Kind:
    """The kind of a value that is one of several: a float where any of these is, else an integer where one is."""
    if len(set(kinds)) == 1:
        return kinds[0]
    return Kind.INT if set(kinds) <= WHOLE else Kind.FLOAT


def meet(*envs: Env | None) -> Env | None:
    """The kinds where paths meet; None stands for a path that never gets there.

    A name without a value on one of the paths is not read afterwards: the screen sees to it.
    """
    reached = [env for env in envs if env is not None]
    if not reached:
        return None
    common = [name for name in reached[0] if all(name in env for env in reached)]
    return {name: join(*(env[name] for env in reached)) for name in common}


def risen(before: Env | None, after: Env | None) -> list[str]:
    """The names that are integers or truth values before and floats after, in order."""
    if before is None or after is None:
        return []
    return sorted(n for n, kind in before.items() if kind in WHOLE and after.get(n) is Kind.FLOAT)
