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
from heuresis.problems.reading import check_count, json_rows, labels, name_of, read_text, shown

_FIELDS = frozenset({"name", "capacity", "items"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
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
    return InstanceSet(", ".join(path.name for path in paths), tuple(instances), fingerprint(instances), tuple(notes))


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
    capacity, items = row["capacity"], row["items"]
    _integer(capacity, f"{where}.capacity", "a capacity", LARGEST_CAPACITY)
    if not isinstance(items, list) or not 1 <= len(items) <= LARGEST_COUNT:
        got = f"{len(items)} of them" if isinstance(items, list) else shown(items)
        raise InstanceError(f"{where}.items: expected a list of 1 to {LARGEST_COUNT} sizes, got {got}")
    for i, size in enumerate(items):
        _integer(size, f"{where}.items[{i}]", "a size", capacity)
    check_count(row, where, len(items), "items")
    name = name_of(row, where, default_name)
    return PackingInstance(name, np.array(items, dtype=np.int64), capacity, labels(row, _FIELDS, where))


def _integer(value: Any, where: str, what: str, most: int) -> None:
    if isinstance(value, float) and math.isfinite(value):
        raise InstanceError(f"{where}: expected {what} from 1 to {most}, got {shown(value)} ({_INTEGERS})")
    if type(value) is not int or not 1 <= value <= most:
        limit = f"1 to {most}" if what != "a size" else f"1 to the capacity, {most}"
        raise InstanceError(f"{where}: expected {what} from {limit}, got {shown(value)}")


class _Words:
    """The words of a text with their lines; what is missing or no number is said with the place."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self._words = [(line, word) for line, words in enumerate(text.splitlines(), 1) for word in words.split()]
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
        if not _INTEGER.fullmatch(word):
            hint = f" ({_INTEGERS})" if _DECIMAL.fullmatch(word) else ""
            raise self.fail(f"expected {what}, an integer, got {shown(word)}{hint}")
        if not least <= int(word) <= most:
            raise self.fail(f"expected {what} from {least} to {most}, got {word}")
        self._at += 1
        return int(word)


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
        yield from _orlib(words)
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


def _orlib(words: _Words) -> Iterator[Placed]:
    """OR-Library (Beasley 1990, doi:10.1057/jors.1990.166): of each problem name, capacity, n, best known, sizes."""
    for _ in range(words.integer("the number of problems", 1, LARGEST_COUNT)):
        if words.ended:
            words.integer("another problem", 1, 1)
        where = f"{words.path}, line {words.line}"
        name = words.rest_of_line()
        capacity = words.integer("the capacity", 1, LARGEST_CAPACITY)
        count = words.integer("the number of items", 1, LARGEST_COUNT)
        words.integer("the best known number of bins", 0, LARGEST_COUNT)
        sizes = [words.integer(f"a size of {name}", 1, capacity) for _ in range(count)]
        yield PackingInstance(name, np.array(sizes, dtype=np.int64), capacity), where
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
