"""Consoles, texts and tables of rich in which every string is plain text: no markup, no controls, no links."""

import os
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment
from rich.style import StyleType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from heuresis.cli.terminal import readable
from heuresis.sandbox.plain_text import plain, plain_lines

WIDE = 200
"""Columns of output that goes to a file or a pipe, where COLUMNS does not say otherwise."""

_ASCII_HEAD = Box(str(SIMPLE_HEAD).rstrip("\n").replace("─", "-") + "\n", ascii=True)

NARROWEST = 20
"""Columns that tables take at least."""


def _columns() -> int:
    """The width of what goes to a file or a pipe."""
    asked = os.environ.get("COLUMNS", "")
    return max(NARROWEST, int(asked)) if asked.isdecimal() and int(asked) else WIDE


class Unpadded:
    """A text stream that takes away the blanks at the ends of lines, with which tables are filled up."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def rich_proxied_file(self) -> "Unpadded":
        """Where rich writes: here, though this stands on a stream that asks for more."""
        return self

    def write(self, text: str) -> int:
        """Write whole lines; the answer is the length of the text that was given."""
        self._stream.write(re.sub(r"[ \t]+(?=\n|$)", "", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class PlainConsole(Console):
    """A console that makes the strings it is given plain before they are laid out, each on one line.

    What reaches it in another way is made plain when it is drawn; a column may then come out too wide.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        if stream.isatty():
            file, width = stream, None
        else:
            beneath = cast("TextIO", getattr(stream, "rich_proxied_file", stream))
            file, width = cast("TextIO", Unpadded(beneath)), _columns()
        super().__init__(file=file, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)

    def render_str(self, text: str, *args: Any, **settings: Any) -> Text:
        """A string as text."""
        return super().render_str(readable(plain(text)), *args, **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of anything; rich's own control codes are segments apart and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=readable(plain_lines(segment.text)))


def styled(content: str, style: StyleType = "") -> Text:
    """A string with a style, plain and on one line."""
    return Text(readable(plain(content)), style)


def source(code: str) -> Text:
    """A Python program with colours; print it with `soft_wrap`, and its lines stay lines of any length."""
    lines = Syntax("", "python", theme="ansi_dark", background_color="default")
    highlighted = lines.highlight(plain_lines(code).rstrip("\n"))
    highlighted.rstrip()
    return highlighted


def markdown(content: str) -> Markdown:
    """Markdown, laid out; a link shows its address and cannot be followed, HTML is left out."""
    return Markdown(readable(plain_lines(content)), hyperlinks=False)


class PlainTable(Table):
    """A table whose strings are text as it is: square brackets in names and messages are no markup."""

    def add_row(self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False) -> None:
        """Add a row of cells."""
        made = (styled(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*made, style=style, end_section=end_section)

    @classmethod
    def empty(cls, title: str | None) -> "PlainTable":
        """A table without columns and rows, in the style of all."""
        heading = None if title is None else styled(title)
        return cls(
            box=SIMPLE_HEAD if readable("─") == "─" else _ASCII_HEAD,
            title=heading,
            title_justify="left",
            title_style="bold",
            pad_edge=False,
        )
