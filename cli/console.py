"""Consoles, texts and tables of rich in which every string is plain text: no markup, no controls, no links."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment
from rich.style import StyleType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from heuresis.sandbox.plain_text import plain, plain_lines

WIDE = 200
"""Columns of output that goes to a file or a pipe."""


class PlainConsole(Console):
    """A console that makes the strings it is given plain before they are laid out, each on one line.

    What reaches it in another way is made plain when it is drawn; a column may then come out too wide.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else WIDE
        super().__init__(file=stream, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)

    def render_str(self, text: str, *args: Any, **settings: Any) -> Text:
        """A string as text."""
        return super().render_str(plain(text), *args, **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of anything; rich's own control codes are segments apart and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=plain_lines(segment.text))


def styled(content: str, style: StyleType = "") -> Text:
    """A string with a style, plain and on one line."""
    return Text(plain(content), style)


def source(code: str) -> Syntax:
    """A Python program with colours; its lines stay lines."""
    return Syntax(plain_lines(code), "python", theme="ansi_dark", background_color="default", word_wrap=True)


def markdown(content: str) -> Markdown:
    """Markdown, laid out; a link shows its address and cannot be followed, HTML is left out."""
    return Markdown(plain_lines(content), hyperlinks=False)


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
        return cls(box=SIMPLE_HEAD, title=heading, title_justify="left", title_style="bold", pad_edge=False)
