"""The text of instance files, line by line: packed by gzip or not, with a byte order mark or without, any line ends."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from heuresis.problems.problem import InstanceError

_LARGEST_TEXT = 1 << 29
_COMMENTS = ("#", "//", "%")
_TERMINATOR = re.compile(r"\x1a|\\\.|-+|=+|eof|end|-1|\(\d+ rows?\)", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(path: Path) -> str:
    """The file's whole text. Raises InstanceError where it cannot be read."""
    return "".join(lines(path))


def lines(path: Path) -> Iterator[str]:
    """The lines of a file of any size, each with a newline behind it; who stops early has read no further.

    What packs it and how it is encoded is told by its content. Raises InstanceError where it cannot be read, or where
    more is asked for than fits in memory.
    """
    left, number = _LARGEST_TEXT, 0
    try:
        with _opened(path) as file:
            while line := file.readline(left + 1):
                number += 1
                left -= len(line)
                if left < 0:
                    raise InstanceError(f"{path}: more than {_LARGEST_TEXT >> 20} MiB; of a trace --limit N reads less")
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise InstanceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except UnicodeError as error:
        raise InstanceError(f"{path}: not a text file: after line {number} it is not {_encoding(error)}") from error


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as packed:
        unpacked = gzip.GzipFile(fileobj=packed) if packed.peek(2)[:2] == _GZIP else packed
        file = io.BufferedReader(cast("io.RawIOBase", unpacked))
        first = file.peek(3)
        encoding = next((name for mark, name in _MARKS if first.startswith(mark)), "utf-8")
        with io.TextIOWrapper(file, encoding) as text:
            yield text


def is_comment(line: str) -> bool:
    """Whether a line is for people only."""
    return line.lstrip().startswith(_COMMENTS)


def is_terminator(line: str) -> bool:
    """Whether a line says that nothing follows, as some programs write it."""
    return _TERMINATOR.fullmatch(line.strip()) is not None


def _encoding(error: UnicodeError) -> str:
    return getattr(error, "encoding", "utf-16").upper()


def words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a text of numbers with their lines, whatever separates them.

    Comments are left out, and a terminator on the last line that has words.
    """
    found = [(line, content.partition("#")[0]) for line, content in enumerate(text.splitlines(), 1)]
    found = [(line, content) for line, content in found if content.strip() and not is_comment(content)]
    if found and is_terminator(found[-1][1]):
        found.pop()
    for line, content in found:
        yield from ((line, word) for word in re.split(r"[\s;,]+", content) if word)
