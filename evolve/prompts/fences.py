"""Fenced code in replies: behind quotation marks, on one line, one fence in another, left open."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<rest>.*)$")
_ONE_LINE = re.compile(r"(?P<fence>`{3,})[ \t]*(?:[\w+-]+[ \t]+)?(?P<code>(?:def|import|from)[ ][^`\n]*)(?P=fence)")
_QUOTED = re.compile(r"^[ \t]*>(?!>{4})[ ]?")
_QUOTED_FENCE = re.compile(r"^[ \t]*(?:>[ ]?)+[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)


DEEPEST_QUOTE = 4
"""How often a quotation may be quoted."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """The contents of closed fences in order, inner ones after their outer one, and of one that was left open."""

    closed: tuple[str, ...]
    open: str | None


def is_fence(line: str) -> bool:
    """Whether a line opens or closes fenced code."""
    return _FENCE.match(line) is not None


def unquoted(text: str) -> str:
    """The text without the `> ` of lines that are quoted, where fenced code stands in them."""
    for _ in range(DEEPEST_QUOTE):
        if not _QUOTED_FENCE.search(text):
            break
        text = "\n".join(_QUOTED.sub("", line) for line in text.split("\n"))
    return text


def fenced(text: str) -> Fenced:
    """All fenced code of a text."""
    lines = _ONE_LINE.sub(lambda m: f"\n{m['fence']}\n{m['code'].strip()}\n{m['fence']}\n", text).split("\n")
    closed, current, mark = list[str](), list[str](), ""
    for line in lines:
        found = _FENCE.match(line)
        if not mark and found:
            current, mark = [], found["fence"]
        elif mark and (found and _closes(found, mark)):
            closed += _with_inner("\n".join(current), mark)
            mark = ""
        elif mark and line.rstrip().endswith(mark) and not found:  # the closing fence on the last line of code
            closed += _with_inner("\n".join([*current, line.rstrip().removesuffix(mark)]), mark)
            mark = ""
        elif mark:
            current.append(line)
    return Fenced(tuple(closed), "\n".join(current) if mark else None)


def without_fences(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are no fences."""
    return (line for line in lines if not is_fence(line))


def _closes(found: re.Match[str], mark: str) -> bool:
    """Whether a fence closes one that was opened by `mark`; sloppy models write another language behind it."""
    fence = found["fence"]
    return fence[0] == mark[0] and len(fence) >= len(mark)


def _with_inner(block: str, mark: str) -> list[str]:
    """A block, and the blocks fenced by shorter marks within it."""
    return [block, *fenced(block).closed] if len(mark) > 3 else [block]
