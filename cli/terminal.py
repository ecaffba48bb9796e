"""What the command line writes, beside what goes through a console of rich: always plain text.

Nothing else in this layer writes to a standard stream or makes a console but this module and `console.py`; a test
reads the sources for it. What libraries print goes through `guarded`.
"""

import errno
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO, cast

from heuresis.archive.masking import Words
from heuresis.sandbox.plain_text import plain, plain_json, plain_lines

_TYPOGRAPHY: Final = str.maketrans(
    {
        "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": "*", "•": "*", "≤": "<=", "≥": ">=", "≠": "!=",
        "→": "->", "←": "<-", "↑": "^", "↓": "v", "‘": "'", "’": "'", "“": '"', "”": '"', "±": "+-", "≈": "~",
        "∞": "inf", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "▁": "_", "▂": "_", "▃": ".", "▄": "-", "▅": "-",
        "▆": "=", "▇": "=", "█": "#", "─": "-",
    }
)  # fmt: skip
"""What stands for signs of ours where a stream's encoding has no more than ASCII."""

_GONE: Final = (errno.EPIPE, errno.EIO)
"""What writing raises where nobody reads any more: a pipe that was closed, a terminal that has gone."""

TERMINAL = Path("/dev/tty")
"""The terminal that a process belongs to, whatever its streams are."""

_words = Words()
"""What the user gave: messages, which may repeat it, show no login that is in it."""


def given(words: Iterable[str]) -> None:
    """Take down what the user gave, before anything is said about it."""
    global _words  # noqa: PLW0603 - there is one command line, and its messages come from anywhere
    _words = Words(words)


def message(text: str, name: str = "heuresis") -> None:
    """One line on standard error, which begins with who says it."""
    sys.stderr.write(f"{name}: {plain(_words.hide(text))}\n")


def insist(text: str) -> None:
    """One line on standard error; where nobody reads that any more, on the terminal itself, if there is one.

    For what must be seen at an interrupted end: Ctrl-C also ends a `tee` that the output goes through.
    """
    sys.stderr.write(plain(_words.hide(text)) + "\n")
    sys.stderr.flush()
    if getattr(sys.stderr, "is_gone", False):
        with suppress(OSError), TERMINAL.open("w", encoding="utf-8") as terminal:
            terminal.write(plain(_words.hide(text)) + "\n")


def readable(text: str) -> str:
    """The text with plain characters for signs of ours, where the standard streams can say no more than ASCII."""
    return text if _says("…–×") else text.translate(_TYPOGRAPHY)


def _says(text: str) -> bool:
    """Whether both standard streams can say a text."""
    for stream in (sys.stdout, sys.stderr):
        try:
            text.encode(stream.encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            return False
    return True


def note(text: str) -> None:
    """Lines on standard error; text of others must have been made `plain` before."""
    sys.stderr.write(plain_lines(_words.hide(text.rstrip("\n"))) + "\n")


def write(text: str) -> None:
    """Lines on standard output, such as a program."""
    sys.stdout.write(plain_lines(text.rstrip("\n")) + "\n")
    sys.stdout.flush()


def write_json(document: str) -> None:
    """One JSON document on standard output; what its encoding cannot say is JSON's own escape."""
    text = plain_json(document)
    with suppress(UnicodeEncodeError):
        text.encode(sys.stdout.encoding or "utf-8")
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    sys.stdout.write(re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text) + "\n")
    sys.stdout.flush()


class Lasting:
    """A text stream that outlives its reader: what nobody reads any more is dropped, and the command goes on.

    Anything else that writing may raise, such as a full disk, comes through.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_gone = False

    def write(self, text: str) -> int:
        """Write text; the answer is its length."""
        if not self.is_gone:
            try:
                self._stream.write(text)
            except OSError as error:
                self._given_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is waiting."""
        if not self.is_gone:
            try:
                self._stream.flush()
            except OSError as error:
                self._given_up(error)

    def _given_up(self, error: OSError) -> None:
        """Let all that is still in the buffer go nowhere, or Python complains about it at its end."""
        if error.errno not in _GONE:
            raise error
        self.is_gone = True
        with suppress(OSError, ValueError):  # a stream without a descriptor has nothing to be let go
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Messages(logging.Handler):
    """Shows what other layers log for people as messages."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        message(record.getMessage())


class Guarded:
    """A text stream that makes everything plain that is written to it; else it is the stream it was made of.

    Consoles of rich write beneath it (`rich_proxied_file` is rich's own name for that): their colours are meant.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def rich_proxied_file(self) -> TextIO:
        """The stream beneath."""
        return cast("TextIO", getattr(self._stream, "rich_proxied_file", self._stream))

    def write(self, text: str) -> int:
        """Write text, line breaks as they are; the answer is the length of the text that was given."""
        self._stream.write(readable(plain_lines(text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts one after another."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _guarded(stream: TextIO) -> TextIO:
    lasting = stream if hasattr(stream, "is_gone") else cast("TextIO", Lasting(stream))
    return cast("TextIO", Guarded(lasting))


@contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and error until left: warnings, logs, tracebacks and what libraries print.

    They outlive their readers. What a stream's encoding cannot say is spelled in plain characters, or as an escape.
    """
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (_guarded(stream) for stream in before)
    log, shown = logging.getLogger("heuresis"), _Messages(logging.WARNING)
    log.addHandler(shown)
    try:
        yield
    finally:
        log.removeHandler(shown)
        sys.stdout, sys.stderr = before
