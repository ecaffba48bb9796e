"""Running an author's simulation: with a rule, with recorded choices, with the reference interpreter, or at random.

What the author's code raises is told with file and line (`SimulateError`): it is never a program's fault, nor ours.
"""

import hashlib
import random
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.distance import distance
from heuresis.evaluators.sequential.features import ChoiceError, Reader, plain

Choose = Callable[..., int]
"""What `simulate` calls for each decision, with the contract's features as keywords: the place of the chosen item."""


_ALONE = threading.RLock()
"""One thread at a time runs an author's code, which need not know of threads."""


class Definition(Protocol):
    """What the author of a problem writes (`heuresis.problems.sequential.problem.SequentialProblem`)."""

    contract: Contract

    def simulate(self, instance: Mapping[str, Any], choose: Choose) -> Any:
        """Play one instance and return its outcome."""

    def value(self, instance: Mapping[str, Any], outcome: Any) -> float:
        """The value of an outcome, smaller is better."""


class SimulateError(RuntimeError):
    """What an author's code raised, or returned in place of a number; the message names file and line."""


class Ended(BaseException):
    """`choose` ends a simulation: no BaseException is caught by an author's `except Exception`.

    `cause` is what the program raised, compiled or interpreted, and None where the rule, or the record, has no choice.
    """

    def __init__(self, reason: str = "", cause: BaseException | None = None) -> None:
        super().__init__(reason)
        self.reason, self.cause = reason, cause


def played(definition: Definition, instance: Mapping[str, Any], choose: Choose) -> Any:
    """The outcome of one instance. Raises SimulateError, Ended."""
    return called(definition, "simulate", instance, choose)


def valued(definition: Definition, instance: Mapping[str, Any], outcome: Any) -> float:
    """The value of an outcome, a finite float. Raises SimulateError."""
    value = called(definition, "value", instance, outcome)
    if (number := _finite(value)) is not None:
        return number
    raise SimulateError(
        f"{place_of(definition)}: the value of an instance must be one finite number, smaller is better, got "
        f"{value!r:.60}; let `simulate` return it, or write `value(self, instance, outcome)`"
    )


def measured(definition: object, instance: Mapping[str, Any], outcome: Any) -> dict[str, float]:
    """An author's metrics of an outcome. Raises SimulateError where they are no mapping of names to finite numbers."""
    rows = called(definition, "metrics", instance, outcome)
    found = {str(name): _finite(value) for name, value in rows.items()} if isinstance(rows, Mapping) else {"": None}
    numbers = {name: number for name, number in found.items() if number is not None}
    if len(numbers) < len(found):
        raise SimulateError(f"{place_of(definition)}: metrics must return names and finite numbers, got {rows!r:.80}")
    return numbers


def _finite(value: object) -> float | None:
    """A finite number as a float; None for everything else."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        return None
    number = float(value)
    return number if np.isfinite(number) else None


def called(definition: object, method: str, *arguments: Any) -> Any:
    """What an author's method returns. Raises SimulateError where it raises, sys.exit included."""
    try:
        with _ALONE:
            return getattr(definition, method)(*arguments)
    except (Exception, SystemExit) as error:
        raise SimulateError(told(definition, method, error)) from error


def told(definition: object, method: str, error: BaseException) -> str:
    """An exception in an author's method in one line: file, line, and what it says."""
    files = {Path(_file(kind)).resolve() for kind in type(definition).__mro__ if _is_authors(kind)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() in files]
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else place_of(definition)
    where = f"{place}, in {method}"
    says = str(error) if isinstance(error, ChoiceError) else f"{type(error).__name__}: {error}"
    return f"{where}: {says}"


def file_of(definition: object) -> str:
    """The file of an author's class; empty where it has none."""
    return _file(type(definition))


def _file(kind: type) -> str:
    return getattr(sys.modules.get(kind.__module__), "__file__", None) or ""


def _is_authors(kind: type) -> bool:
    """Whether a class has a file, and is none of ours."""
    return bool(_file(kind)) and kind.__module__.partition(".")[0] != "heuresis"


def place_of(definition: object) -> str:
    """The name of that file, for messages."""
    return Path(file_of(definition)).name or type(definition).__name__


class ByRule:
    """Chooses the first item of smallest key by a compiled rule; ends where a key is NaN or infinite."""

    def __init__(self, reader: Reader, rule: Callable[..., Any], theta: Floats) -> None:
        from heuresis.evaluators.kernels.smallest import first_smallest  # compiled: problems without a run need it not

        self._read, self._rule, self._theta, self._smallest = reader.read, rule, theta, first_smallest
        self._keys = np.empty(64)
        self.choices: list[int] = []

    def __call__(self, /, *positional: object, **features: object) -> int:
        """The place of the chosen item."""
        arguments, count = self._read(positional, features)
        if count > len(self._keys):
            self._keys = np.empty(2 * count)
        try:
            self._rule(*arguments, self._theta, self._keys, count)
        except Exception as error:  # the program's, such as an index outside of an array: not the author's
            raise Ended(str(error), error) from error
        chosen = int(self._smallest(self._keys, count))
        if chosen < 0:
            raise Ended("a key was NaN or infinite")
        self.choices.append(chosen)
        return chosen


class Recorded:
    """Chooses what was recorded. Nothing of it is believed: each choice must be one of the items.

    `seen` is called with the arguments and the choice of every decision, before it takes effect.
    """

    def __init__(
        self, reader: Reader, choices: Sequence[int], seen: Callable[[list[Any], int], None] | None = None
    ) -> None:
        self._read, self._choices, self._seen = reader.read, choices, seen
        self.used = 0

    def __call__(self, /, *positional: object, **features: object) -> int:
        """The place of the chosen item. Raises Ended with what is wrong."""
        arguments, count = self._read(positional, features)
        if self.used >= len(self._choices):
            raise Ended(f"decision {self.used + 1} is missing")
        chosen = self._choices[self.used]
        if not 0 <= chosen < count:
            raise Ended(f"decision {self.used + 1} is item {chosen}, expected one of 0..{count - 1}")
        self.used += 1
        if self._seen is not None:
            self._seen(arguments, chosen)
        return chosen

    @property
    def left(self) -> int:
        """How many choices nobody asked for."""
        return len(self._choices) - self.used


class Interpreted:
    """Chooses as `judge` does, the reference interpreter of a program, item by item."""

    def __init__(self, reader: Reader, judge: Callable[..., float], most: int) -> None:
        self._reader, self._judge, self._left = reader, judge, most

    def __call__(self, /, *positional: object, **features: object) -> int:
        """The place of the chosen item; ends where a key is NaN or infinite, and after `most` keys."""
        arguments, count = self._reader.read(positional, features)
        self._left -= count
        if self._left < 0:
            raise Ended("too long to be interpreted")
        keys = keys_of(self._judge, arguments, self._reader)
        chosen = keys.index(min(keys))
        if distance(keys, chosen) != 0.0:
            raise Ended("a key was NaN or infinite")
        return chosen


class AtRandom:
    """Chooses any item, and checks what it is handed more strictly than a run does. Ends after `most` decisions."""

    def __init__(self, reader: Reader, seed: int, most: int) -> None:
        self._reader, self._rng, self._most = reader, random.Random(seed), most  # noqa: S311 - repeatable, no secret
        self.seen = hashlib.sha256()
        self.choices: list[int] = []

    def __call__(self, /, *positional: object, **features: object) -> int:
        """The place of the chosen item. Raises ChoiceError."""
        arguments, count = self._reader.read(positional, features)
        self._reader.check(arguments)
        if len(self.choices) == self._most:
            raise Ended(f"more than {self._most} decisions")
        for value in arguments:
            self.seen.update(np.asarray(value).tobytes())
        self.choices.append(self._rng.randrange(count))
        return self.choices[-1]


def keys_of(judge: Callable[..., float], arguments: list[Any], reader: Reader) -> list[float]:
    """The key of every item, interpreted. What the judge raises comes through the author's code as `Ended`."""
    try:
        return [judge(*item) for item in plain(arguments, reader.function)]
    except Exception as error:
        raise Ended(str(error), error) from error


def furthest(
    definition: Definition, instance: Mapping[str, Any], judge: Callable[..., float], choices: Sequence[int]
) -> float:
    """The largest distance of a recorded choice from the interpreter's, inf where the record does not fit.

    Raises SimulateError, and what the judge raises.
    """
    reader, distances = Reader(definition.contract.main), [0.0]

    def seen(arguments: list[Any], chosen: int) -> None:
        distances.append(distance(keys_of(judge, arguments, reader), chosen))

    recorded = Recorded(reader, choices, seen)
    try:
        played(definition, instance, recorded)
    except Ended as end:
        if end.cause is not None:
            raise end.cause from None
        return float("inf")
    return float("inf") if recorded.left else max(distances)
