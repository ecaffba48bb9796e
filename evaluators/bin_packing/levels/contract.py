"""Online bin packing by levels: what a rule may see of items and of the bins that are open."""

from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit


def _size(name: str, meaning: str, at_most: str | None, varies: bool = False) -> Parameter:
    return Parameter(name, Unit.SIZE, meaning, varies, Kind.INT64, 1.0, at_most)


def _count(name: str, meaning: str, at_most: str | None) -> Parameter:
    return Parameter(name, Unit.COUNT, meaning, False, Kind.INT64, 1.0, at_most)


def _counts(name: str, meaning: str) -> Parameter:
    return Parameter(name, Unit.COUNT, f"{meaning}; `cap + 1` entries", False, Kind.INT64_ARRAY, 0.0, last="cap")


_ITEM = _size("item", "size of the item, at most `rem`", "rem")

_REM = _size("rem", "what the bin has left before the item; `cap` is a new bin", "cap", varies=True)

_CAP = _size("cap", "capacity of every bin", None)

_N = _count("n", "number of items of the whole instance", None)

_LEFT = _count("left", "number of items to come, this one included", "n")

_COUNTS = _counts("counts", "`counts[r]` is the number of open bins with r left, before the item is packed")

_SEEN = _counts("seen", "`seen[s]` is the number of items of size s so far, this one included")

_RETURNS = (
    "the score of putting the item into a bin with `rem` left: it goes into the bin of smallest score, of equal scores "
    "into the fullest (smallest `rem`); it must be finite"
)


def _contract(*parameters: Parameter) -> Contract:
    return Contract(functions=(Function(name="score", parameters=parameters, returns=_RETURNS),))


CONTRACT = _contract(_ITEM, _REM, _CAP, _COUNTS, _SEEN)

CONTRACT_N = _contract(_ITEM, _REM, _CAP, _N, _LEFT, _COUNTS, _SEEN)
"""The same where the number of items is known beforehand."""

CONTRACT_STATELESS = _contract(_ITEM, _REM, _CAP)
"""Rules that see neither what is open nor what came."""

STATE = frozenset({_LEFT.name, _COUNTS.name, _SEEN.name})
"""What changes from item to item; a program that reads none of it is tabulated over item and remaining capacity."""
