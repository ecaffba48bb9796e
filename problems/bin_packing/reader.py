"""Readers of bin-packing instances: Heuresis' JSON format, OR-Library files and the text format of BPPLIB."""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from heuresis.problems.bin_packing.instances import LARGEST_CAPACITY, LARGEST_COUNT, PackingInstance, fingerprint
from heuresis.problems.problem import InstanceError, InstanceSet
from heuresis.problems.reading import apart, check_count, json_rows, labels, name_of, shown, whole, whole_word
from heuresis.problems.texts import read_text
from heuresis.problems.texts import words as words_of

_FIELDS = frozenset({"name", "capacity", "items"})
_TENTHS = re.compile(r"([0-9]{1,9})\.([0-9])")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)")
_INTEGERS = "sizes and capacities are integers; where a file has decimals, multiply all of them"

Placed: TypeAlias = tuple[PackingInstance, str]
"""An instance and where it stands, for messages."""


def read(paths: Sequence[Path]) -> InstanceSet:
    """Read files (`.json`, or text of OR-Library or BPPLIB; any may be gzipped) into one set, in the order given.

    All instances must have one capacity, because means over bins of different sizes mean little. Raises InstanceError
    that names the file and the line or field.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    instances: list[PackingInstance] = []
    notes: list[str] = []
    for path in paths:
        text = read_text(path)
        found = _read_json(text, path) if text.lstrip().startswith(("{", "[")) else _read_text(text, path, notes)
        for instance, where in found:
            if instances and instance.capacity != instances[0].capacity:
                raise InstanceError(
                    f"{where}: capacity {instance.capacity}, but those before have {instances[0].capacity}; instances "
                    f"of mixed capacities cannot be averaged, evaluate them apart"
                )
            instances.append(instance)
    made = apart(instances, notes)
    return InstanceSet(", ".join(path.name for path in paths), made, fingerprint(made), tuple(notes))


def _read_json(text: str, path: Path) -> Iterator[Placed]:
    for i, row in enumerate(json_rows(text, path)):
        where = f"{path}: instances[{i}]"
        yield _from_row(row, where, f"{path.name}[{i}]"), where


def _from_row(row: Any, where: str, default_name: str) -> PackingInstance:
    if not isinstance(row, dict):
        raise InstanceError(f"{where}: expected an object, got {shown(row)}")
    for key in ("capacity", "items"):
        if key not in row:
            raise InstanceError(f"{where}: the field {key!r} is missing")
    items = row["items"]
    capacity = _integer(row["capacity"], f"{where}.capacity", "a capacity", LARGEST_CAPACITY)
    if not isinstance(items, list) or not 1 <= len(items) <= LARGEST_COUNT:
        got = f"{len(items)} of them" if isinstance(items, list) else shown(items)
        raise InstanceError(f"{where}.items: expected a list of 1 to {LARGEST_COUNT} sizes, got {got}")
    sizes = [_integer(size, f"{where}.items[{i}]", "a size", capacity) for i, size in enumerate(items)]
    check_count(row, where, len(items), "items")
    name = name_of(row, where, default_name)
    return PackingInstance(name, np.array(sizes, dtype=np.int64), capacity, labels(row, _FIELDS, where))


def _integer(value: Any, where: str, what: str, most: int) -> int:
    found = whole(value)
    if found is None and isinstance(value, float) and math.isfinite(value):
        raise InstanceError(f"{where}: expected {what} from 1 to {most}, got {shown(value)} ({_INTEGERS})")
    if found is None or not 1 <= found <= most:
        limit = f"1 to {most}" if what != "a size" else f"1 to the capacity, {most}"
        raise InstanceError(f"{where}: expected {what} from {limit}, got {shown(value)}")
    return found


class _Words:
    """The words of a text with their lines; what is missing or no number is said with the place."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self._words = list(words_of(text))
        self._at = 0

    @property
    def line(self) -> int:
        """The line of the next word, or the last line that has one."""
        return self._words[min(self._at, len(self._words) - 1)][0] if self._words else 0

    @property
    def ended(self) -> bool:
        """Whether no word is left."""
        return self._at == len(self._words)

    def fail(self, reason: str) -> InstanceError:
        """An error at the place where the next word stands."""
        return InstanceError(f"{self.path}, line {self.line}: {reason}")

    def peek(self, ahead: int = 0) -> str:
        """A word to come; empty where there is none."""
        return self._words[self._at + ahead][1] if self._at + ahead < len(self._words) else ""

    def rest_of_line(self) -> str:
        """The words left on the line of the next one."""
        line, words = self.line, []
        while not self.ended and self.line == line:
            words.append(self.peek())
            self._at += 1
        return " ".join(words)

    def first_lines(self, count: int) -> list[list[str]]:
        """The words of the first lines that have some."""
        return [[word for _, word in group] for _, group in islice(groupby(self._words, lambda one: one[0]), count)]

    def __len__(self) -> int:
        return len(self._words)

    def integer(self, what: str, least: int, most: int) -> int:
        """The next word as an integer within limits."""
        if self.ended:
            raise InstanceError(f"{self.path}: the file ends after line {self.line}, where {what} is missing")
        word = self.peek()
        number = whole_word(word)
        if number is None:
            hint = f" ({_INTEGERS})" if _DECIMAL.fullmatch(word) else ""
            raise self.fail(f"expected {what}, an integer, got {shown(word)}{hint}")
        if not least <= number <= most:
            raise self.fail(f"expected {what} from {least} to {most}, got {word}")
        self._at += 1
        return number

    @property
    def has_tenths(self) -> bool:
        """Whether a number has one decimal that is not 0."""
        return any((match := _TENTHS.fullmatch(word)) and match[2] != "0" for _, word in self._words)

    def tenths(self, what: str, most: int) -> int:
        """The next word, a positive number of at most one decimal, tenfold; `most` is tenfold, too."""
        word = self.peek()
        match = _TENTHS.fullmatch(word)
        if not match:
            return 10 * self.integer(what, 1, most // 10)
        if not 1 <= (number := 10 * int(match[1]) + int(match[2])) <= most:
            raise self.fail(f"expected {what} from 0.1 to {most / 10}, got {word}")
        self._at += 1
        return number


def _read_text(text: str, path: Path, notes: list[str]) -> Iterator[Placed]:
    words = _Words(text, path)
    if words.ended:
        raise InstanceError(f"{path}: the file is empty")
    stem = path.name.split(".")[0]
    if words.peek().startswith("'"):
        notes.append(f"{path.name}: items of one size stand together in this format; they arrive in the file's order")
        while not words.ended:
            where = f"{path}, line {words.line}"
            name = words.rest_of_line().strip("'")
            yield _by_demand(words, " ".join(name.split())), where
    elif _is_orlib(words):
        yield from _orlib(words, notes)
    else:
        where = f"{path}, line {words.line}"
        yield _bpplib(words, stem), where
        if not words.ended:
            raise words.fail("more follows after the last item announced")


def _is_orlib(words: _Words) -> bool:
    """Whether a text, well formed or not, is meant as one of OR-Library and not of BPPLIB.

    Both begin with a number on a line of its own. A problem of OR-Library goes on with its name, which may be a number,
    and a line of three numbers; BPPLIB has one number on each line, as many as announced.
    """
    first, *others = words.first_lines(4)
    if len(first) != 1 or not others:
        return len(first) == 1
    numeric = len(others[0]) == 1 and _is_number(others[0][0])
    if numeric and first[0].isdecimal() and len(first[0]) < 9 and len(words) == 2 + int(first[0]):
        return False
    if len(others) == 1:
        return not numeric
    return len(others[1]) == 3 or (len(others) == 2 and not numeric)


def _is_number(word: str) -> bool:
    """Whether a word is a number to anybody: also `nan`, `-inf` and `1e3`, which are no sizes."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _orlib(words: _Words, notes: list[str]) -> Iterator[Placed]:
    """OR-Library (Beasley 1990, doi:10.1057/jors.1990.166): of each problem name, capacity, n, best known, sizes.

    The triplets (binpack5 to binpack8) have a capacity of `100.0` and sizes of one decimal: all of them are taken
    tenfold, which is exact.
    """
    problems = words.integer("the number of problems", 1, LARGEST_COUNT)
    tenfold = words.has_tenths and _TENTHS.fullmatch(words.first_lines(3)[-1][0]) is not None
    for _ in range(problems):
        if words.ended:
            words.integer("another problem", 1, 1)
        where = f"{words.path}, line {words.line}"
        name = words.rest_of_line()
        limit = LARGEST_CAPACITY
        capacity = words.tenths("the capacity", limit) if tenfold else words.integer("the capacity", 1, limit)
        count = words.integer("the number of items", 1, LARGEST_COUNT)
        words.integer("the best known number of bins", 0, LARGEST_COUNT)
        what = f"a size of {name}"
        sizes = [words.tenths(what, capacity) if tenfold else words.integer(what, 1, capacity) for _ in range(count)]
        yield PackingInstance(name, np.array(sizes, dtype=np.int64), capacity), where
    if tenfold:
        notes.append(f"{words.path.name}: capacities and sizes have one decimal and are taken tenfold")
    if not words.ended:
        raise words.fail("more follows after the last problem announced")


def _bpplib(words: _Words, name: str) -> PackingInstance:
    """BPPLIB (Delorme, Iori and Martello 2018, doi:10.1007/s11590-017-1192-z): n, capacity, sizes."""
    count = words.integer("the number of items", 1, LARGEST_COUNT)
    capacity = words.integer("the capacity", 1, LARGEST_CAPACITY)
    sizes = [words.integer("a size", 1, capacity) for _ in range(count)]
    return PackingInstance(name, np.array(sizes, dtype=np.int64), capacity)


def _by_demand(words: _Words, name: str) -> PackingInstance:
    """The form with demands: number of sizes, capacity, then each size and how many items have it."""
    count = words.integer("the number of sizes", 1, LARGEST_COUNT)
    capacity = words.integer("the capacity", 1, LARGEST_CAPACITY)
    sizes, demands, items = list[int](), list[int](), 0
    for _ in range(count):
        sizes.append(words.integer("a size", 1, capacity))
        demands.append(words.integer("how many items have it", 1, LARGEST_COUNT))
        items += demands[-1]
        if items > LARGEST_COUNT:
            raise words.fail(f"more than {LARGEST_COUNT} items in all, up to here")
    return PackingInstance(name, np.repeat(sizes, demands).astype(np.int64), capacity)
