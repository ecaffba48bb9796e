"""A contract in the words of an author: `rule("priority", item(...), shared(...), returns="...")`."""

import builtins
import keyword
from typing import Final

from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.problems.problem import ProblemError
from heuresis.problems.reading import repeated

_MEAN_SOMETHING = frozenset(dir(builtins)) | {"math", "np", "numpy", "theta"}

DATE: Final = Unit.DATE
TIME: Final = Unit.TIME
SIZE: Final = Unit.SIZE
COUNT: Final = Unit.COUNT
ONE: Final = Unit.ONE


def rule(name: str, *features: Parameter, returns: str, default: str | None = None) -> Contract:
    """The contract of a rule that gives every item a key; of the items of a decision the smallest key is chosen.

    `features` are what it sees, each an `item(...)` or a `shared(...)`; `returns` says what the number means, such as
    "the priority of a job, smaller goes first". Raises ProblemError.
    """
    _check_name(name, "the rule")
    for feature in features:
        if not isinstance(feature, Parameter):
            raise ProblemError(f"rule {name!r}: expected item(...) or shared(...), got {feature!r:.60}")
    names = [feature.name for feature in features]
    if len(set(names)) < len(names):
        twice = repeated(names)
        raise ProblemError(f"rule {name!r}: two features are named {twice!r}; give one another name")
    if not any(feature.varies for feature in features):
        raise ProblemError(
            f"rule {name!r}: expected one item(...) or more, what the things that are compared differ by; got none"
        )
    try:
        return Contract((Function(name, features, returns, default),))
    except ValueError as error:
        raise ProblemError(f"rule {name!r}: {error}") from error


def item(
    name: str,
    unit: Unit | str,
    meaning: str,
    *,
    low: float = float("-inf"),
    kind: Kind | str = Kind.FLOAT64,
    at_most: str | None = None,
) -> Parameter:
    """A feature of each of the things that are compared: in `choose(...)` an array with an element for each.

    `low` is the smallest value it can take, `at_most` the name of another feature that is never smaller; both help the
    search. `kind` is float64 or int64. Raises ProblemError.
    """
    known = (Kind.FLOAT64, Kind.INT64)
    if kind not in known:
        raise ProblemError(
            f"item {name!r}: each item has one number, so expected kind float64 or int64, got {kind!r}; "
            f"an array that all items see is shared(..., kind={kind!r})"
        )
    return _feature(name, unit, meaning, low, kind, at_most, varies=True)


def shared(
    name: str,
    unit: Unit | str,
    meaning: str,
    *,
    low: float = float("-inf"),
    kind: Kind | str = Kind.FLOAT64,
    at_most: str | None = None,
    last: str | None = None,
) -> Parameter:
    """A feature that is the same for all items of a decision: in `choose(...)` one number, or an array of them.

    `kind` is float64 or int64, float64[] or int64[] for an array; `last` names the int64 feature that is an array's
    last index. Raises ProblemError.
    """
    return _feature(name, unit, meaning, low, kind, at_most, last, varies=False)


def _feature(
    name: str,
    unit: Unit | str,
    meaning: str,
    low: float,
    kind: Kind | str,
    at_most: str | None = None,
    last: str | None = None,
    *,
    varies: bool,
) -> Parameter:
    _check_name(name, "a feature")
    if unit not in tuple(Unit):
        raise ProblemError(
            f"feature {name!r}: unknown unit {unit!r}; expected one of {', '.join(Unit)} "
            f"(DATE, TIME, SIZE, COUNT, ONE): a time is a length and a date a point on the clock, a size fits into a "
            f"room, 1 is for plain numbers"
        )
    if kind not in tuple(Kind):
        raise ProblemError(f"feature {name!r}: unknown kind {kind!r}; expected one of {', '.join(Kind)}")
    if not str(meaning).strip():
        raise ProblemError(f"feature {name!r}: say in a few words what it means; language models read it")
    try:
        least = float(low)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"feature {name!r}: low must be a number, got {low!r:.60}") from error
    return Parameter(name, Unit(unit), str(meaning), varies, Kind(kind), least, at_most, last)


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ProblemError(
            f"{what} needs a name that Python takes for a variable, such as 'due_date', got {name!r:.60}"
        )
