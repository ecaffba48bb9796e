"""What `choose(...)` is handed, taken apart by the contract: columns of the items, and what they share."""

import difflib
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from heuresis.evaluators.language.contract import Function, Kind, Parameter

Features: TypeAlias = tuple[list[Any], int]
"""Arguments in the order of the contract's parameters, and how many items there are to choose from."""

_DTYPES = {
    Kind.FLOAT64: np.float64,
    Kind.INT64: np.int64,
    Kind.FLOAT64_ARRAY: np.float64,
    Kind.INT64_ARRAY: np.int64,
}
_WHOLE = frozenset({Kind.INT64, Kind.INT64_ARRAY})


class ChoiceError(ValueError):
    """A call of `choose` that does not fit the contract; says what was expected, what came and what to do."""


class Reader:
    """Makes arguments for a compiled rule of the keywords of `choose`.

    Items' parameters become contiguous columns of their kind, all of one length; shared ones plain numbers or
    contiguous arrays.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self._takers = tuple((p.name, _taker(p)) for p in function.parameters)
        self._columns = tuple(i for i, p in enumerate(function.parameters) if p.varies)

    def read(self, positional: tuple[object, ...], given: Mapping[str, object]) -> Features:
        """The arguments and the number of items, one or more. Raises ChoiceError."""
        if positional or len(given) != len(self._takers):
            raise ChoiceError(self._misnamed(positional, given))
        try:
            arguments = [take(given[name]) for name, take in self._takers]
        except KeyError:
            raise ChoiceError(self._misnamed(positional, given)) from None
        lengths = {len(arguments[i]) for i in self._columns}
        if len(lengths) != 1:
            told = ", ".join(f"{self._takers[i][0]} has {len(arguments[i])}" for i in self._columns)
            raise ChoiceError(f"choose(...): every item has each feature, so columns are of one length; got {told}")
        count = lengths.pop()
        if count == 0:
            raise ChoiceError(
                "choose(...) was called without an item to choose from: call it only where something is left, "
                "and let `simulate` return where nothing is"
            )
        return arguments, count

    def check(self, arguments: list[Any]) -> None:
        """Raise ChoiceError where a number is NaN or infinite, or lies outside of what the contract says of it."""
        by_name = {p.name: value for p, value in zip(self.function.parameters, arguments, strict=True)}
        for p in self.function.parameters:
            numbers = np.asarray(by_name[p.name])
            if not np.isfinite(numbers).all():
                raise ChoiceError(f"choose({p.name}=...): expected finite numbers, got {_odd(numbers, np.isfinite)}")
            if numbers.size and numbers.min() < p.low:
                raise ChoiceError(
                    f"choose({p.name}=...): the contract says low={p.low:g}, got {numbers.min():g}; "
                    f"correct `simulate`, or `low` in the contract"
                )
            if p.at_most is not None and np.any(numbers > np.asarray(by_name[p.at_most])):
                raise ChoiceError(
                    f"choose({p.name}=...): the contract says at_most={p.at_most!r}, which is smaller here"
                )
            if p.last is not None and len(numbers) != by_name[p.last] + 1:
                raise ChoiceError(
                    f"choose({p.name}=...): the contract says last={p.last!r}, so expected {by_name[p.last] + 1} "
                    f"elements, got {len(numbers)}"
                )

    def _misnamed(self, positional: tuple[object, ...], given: Mapping[str, object]) -> str:
        """What is wrong with the names of the features."""
        known = [p.name for p in self.function.parameters]
        takes = f"it takes {', '.join(f'{name}=...' for name in known)}, as the contract says"
        if positional:
            return f"choose(...): features are passed by name, got {len(positional)} without; {takes}"
        told = []
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, [n for n in known if n not in given], 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                told.append(f"the contract has no feature {name!r}{hint}")
        told += [f"the feature {name!r} is missing" for name in known if name not in given]
        return f"choose(...): {'; '.join(told)}; {takes}"


def _odd(numbers: np.ndarray[Any, Any], good: Callable[[Any], Any]) -> float:
    """The first of the numbers that is not good."""
    flat = np.ravel(numbers)
    return float(flat[int(np.argmin(good(flat)))])


def _taker(parameter: Parameter) -> Callable[[object], Any]:
    """What makes an argument of one feature."""
    if parameter.varies:
        return _Column(parameter, "an item")
    if parameter.kind.is_array:
        return _Column(parameter, "an element")
    return _number(parameter)


class _Column:
    """Makes a contiguous array of one dimension. Whole numbers are never made of others."""

    def __init__(self, parameter: Parameter, each: str) -> None:
        self._name, self._each = parameter.name, each
        self._varies = parameter.varies  # a compiled rule takes columns that may be written to, as a loop has them
        self._dtype, self._whole = _DTYPES[parameter.kind], parameter.kind in _WHOLE

    def __call__(self, value: object) -> np.ndarray[Any, Any]:
        """The array. Raises ChoiceError."""
        try:
            array = np.asarray(value)
            if array.ndim == 1 and array.dtype.kind in ("biu" if self._whole or not array.size else "biuf"):
                column = np.ascontiguousarray(array, self._dtype)
                return column if column.flags.writeable or not self._varies else column.copy()
            if array.ndim == 1 and not array.size:  # an empty list has the type of floats
                return np.empty(0, self._dtype)
        except ValueError:  # lists of different lengths
            array = np.empty((0, 0))
        kind = "whole numbers" if self._whole else "numbers"
        got = f"{array.dtype} of shape {array.shape}" if isinstance(value, np.ndarray) else f"{value!r:.60}"
        raise ChoiceError(
            f"choose({self._name}=...): expected one dimension of {kind}, one for {self._each}, got {got}"
        )


def _number(parameter: Parameter) -> Callable[[object], float | int]:
    """Makes a plain number. Raises ChoiceError."""
    whole = parameter.kind in _WHOLE

    def take(value: object) -> float | int:
        kind = type(value)
        if kind is float and not whole:
            return value  # type: ignore[return-value]  # a float, as was asked just now
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        try:
            if whole:
                return operator.index(value)  # type: ignore[arg-type]  # raises TypeError for anything else
            if isinstance(value, int | float | np.integer | np.floating | np.bool_):
                return float(value)
        except (TypeError, OverflowError):
            pass
        expected = "one whole number" if whole else "one number"
        raise ChoiceError(
            f"choose({parameter.name}=...): all items share it, so expected {expected}, got {value!r:.60}"
        )

    return take


def plain(arguments: list[Any], function: Function) -> list[list[Any]]:
    """For each item its arguments as plain numbers, as the reference interpreter takes them; arrays stay arrays."""
    columns = [value.tolist() if p.varies else None for p, value in zip(function.parameters, arguments, strict=True)]
    count = next(len(column) for column in columns if column is not None)
    return [
        [value if column is None else column[k] for column, value in zip(columns, arguments, strict=True)]
        for k in range(count)
    ]


def shown(number: float) -> str:
    """A number in few characters, whole ones without a point."""
    return (
        f"{number:.0f}" if math.isfinite(number) and number == round(number) and abs(number) < 1e15 else f"{number:.4g}"
    )
