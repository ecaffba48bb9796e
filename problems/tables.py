"""Tables in text files, as spreadsheets and databases write them: separators, comments, blank lines, terminators."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import repeated, shown
from heuresis.problems.texts import is_comment, is_terminator

Row: TypeAlias = tuple[int, list[Any]]
"""The line of a file where a row begins, and its cells: texts, or values of JSON."""

_SEPARATORS = ",;\t|"
_NAMED = re.compile(r"sep=(.)", re.IGNORECASE)  # the first line by which spreadsheets tell each other
_DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows that are read when they are asked for, once."""

    path: Path
    header: list[str]
    rows: Iterator[Row] = field(repr=False)
    line: int = 1  # of the header


def table(lines: Iterable[str], path: Path) -> Table:
    """A table with one line of header. Rows of blank cells are left out.

    Raises InstanceError that names the file and the line, at once or where a row is reached.
    """
    rows = _cells(lines, path)
    line, header = next(rows, (1, []))
    header = _without_last([name.strip() for name in header])
    if not header:
        raise InstanceError(f"{path}: the file is empty")
    if len(set(header)) < len(header):
        raise InstanceError(f"{path}, line {line}: the column {shown(repeated(header))} stands there twice")
    return Table(path, header, _checked(rows, header, path), line)


def _checked(rows: Iterable[Row], header: Sequence[str], path: Path) -> Iterator[Row]:
    """Rows of as many cells as the header has."""
    ended = ""
    for line, row in rows:
        cells = _without_last(row) if len(row) == len(header) + 1 else row
        if ended:
            raise InstanceError(f"{path}, line {line}: more follows after {shown(ended)}")
        if len(cells) == 1 < len(header) and is_terminator(cells[0]):
            ended = cells[0]
        elif len(cells) != len(header):
            raise InstanceError(f"{path}, line {line}: expected {len(header)} fields, got {len(row)}")
        else:
            yield line, cells


def _without_last(cells: list[str]) -> list[str]:
    """Without the blank cell behind a separator at the end of a line."""
    return cells[:-1] if cells and not cells[-1] else cells


def _cells(lines: Iterable[str], path: Path) -> Iterator[Row]:
    """The rows of cells that are not all blank, with the lines where they begin."""
    source = iter(lines)
    number, first = 0, ""
    separator = None
    for number, first in enumerate(source, 1):  # noqa: B007 - the line where the table begins
        named = _NAMED.fullmatch(first.strip())
        separator = named[1] if named else separator
        if first.strip() and not named and not is_comment(first):
            break
    separator = separator or _separator(first)
    text = ("\n" if is_comment(line) else line for line in _chained(first, source))
    reader = csv.reader(text, delimiter=separator, skipinitialspace=True)
    begins, last = number, number - 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, [_dotted(cell) for cell in row] if separator == ";" else row
            begins = last + reader.line_num + 1
    except csv.Error as error:
        raise InstanceError(f"{path}, line {begins}: neither JSON nor CSV: {error}") from error


def _separator(header: str) -> str:
    """The commonest separator of a line; blanks where there is no other."""
    found = max(_SEPARATORS, key=header.count)
    return found if found in header or not header.strip().count(" ") else " "


def _chained(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def _dotted(cell: str) -> str:
    """A number with a decimal comma, as it is written where semicolons separate, with a point."""
    return _DECIMAL_COMMA.sub(r"\1.\2", cell) if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell
