"""What the command line writes, beside what goes through a console of rich: always plain text.

Nothing else in this layer writes to a standard stream or makes a console but this module and `console.py`; a test
reads the sources for it. What libraries print goes through `guarded`.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO, cast

from heuresis.archive.masking import Words
from heuresis.sandbox.plain_text import plain, plain_json, plain_lines

_words = Words()
"""What the user gave: messages, which may repeat it, show no login that is in it."""


def given(words: Iterable[str]) -> None:
    """Take down what the user gave, before anything is said about it."""
    global _words  # noqa: PLW0603 - there is one command line, and its messages come from anywhere
    _words = Words(words)


def message(text: str, name: str = "heuresis") -> None:
    """One line on standard error, which begins with who says it."""
    sys.stderr.write(f"{name}: {plain(_words.hide(text))}\n")


def note(text: str) -> None:
    """Lines on standard error; text of others must have been made `plain` before."""
    sys.stderr.write(plain_lines(_words.hide(text.rstrip("\n"))) + "\n")


def write(text: str) -> None:
    """Lines on standard output, such as a program."""
    sys.stdout.write(plain_lines(text.rstrip("\n")) + "\n")
    sys.stdout.flush()


def write_json(document: str) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(plain_json(document) + "\n")
    sys.stdout.flush()


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
        self._stream.write(plain_lines(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts one after another."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and error until left: warnings, logs, tracebacks and what libraries print.

    What a stream's encoding cannot say is spelled as an escape.
    """
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast("TextIO", Guarded(stream)) for stream in before)
    log, shown = logging.getLogger("heuresis"), _Messages(logging.WARNING)
    log.addHandler(shown)
    try:
        yield
    finally:
        log.removeHandler(shown)
        sys.stdout, sys.stderr = before
