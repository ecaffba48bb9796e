"""SEARCH/REPLACE blocks: changes to a program, as models write them."""

import re

from heuresis.evolve.prompts.fences import without_fences

_BLOCK = re.compile(
    r"^[ \t]*<{5,}[ \t]*SEARCH[^\n]*\n(?P<search>.*?)^[ \t]*={5,}[ \t]*\n(?P<replace>.*?)^[ \t]*>{5,}[ \t]*REPLACE",
    re.DOTALL | re.MULTILINE,
)
_OPENED = re.compile(r"^[ \t]*<{5,}[ \t]*SEARCH", re.MULTILINE)


class ReplyError(ValueError):
    """A reply without a program; the message says why, for the model's second try and for people."""


def has_changes(text: str) -> bool:
    """Whether a block begins in the text."""
    return _OPENED.search(text) is not None


def changed(text: str, parent: str | None, *, truncated: bool) -> str:
    """The parent after all blocks in order, each applied to the result of the one before. Raises ReplyError."""
    if parent is None:
        raise ReplyError("the reply has SEARCH/REPLACE blocks, but there is no program to change: write it in full")
    blocks = list(_BLOCK.finditer(text))
    if len(blocks) < len(_OPENED.findall(text)):
        cut = "was cut off" if truncated else "is not closed by ======= and >>>>>>> REPLACE"
        raise ReplyError(f"SEARCH/REPLACE block {len(blocks) + 1} {cut}")
    lines = parent.rstrip("\n").split("\n")
    for number, block in enumerate(blocks, 1):
        search, replace = _lines(block["search"]), _lines(block["replace"])
        lines = _replaced(lines, search, replace, number)
    result = "\n".join(lines).rstrip("\n") + "\n"
    if result == parent.rstrip("\n") + "\n":
        raise ReplyError("the SEARCH/REPLACE blocks change nothing")
    return result


def _lines(part: str) -> list[str]:
    """The lines of one side of a block, without fences and blank lines around them."""
    lines = [line.rstrip() for line in without_fences(part.split("\n"))]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _replaced(lines: list[str], search: list[str], replace: list[str], number: int) -> list[str]:
    """Replace the first place that matches: exactly, else with spacing within lines ignored."""
    if not search:
        raise ReplyError(f"SEARCH/REPLACE block {number} has an empty SEARCH part")
    size = len(search)
    spots = range(len(lines) - size + 1)
    for spot in spots:
        if [line.rstrip() for line in lines[spot : spot + size]] == search:
            return [*lines[:spot], *replace, *lines[spot + size :]]
    wanted = [_squeezed(line) for line in search]
    for spot in spots:
        if [_squeezed(line) for line in lines[spot : spot + size]] == wanted:
            shift = _indent(lines[spot]) - _indent(search[0])
            moved = [_shifted(line, shift) for line in replace]
            return [*lines[:spot], *moved, *lines[spot + size :]]
    raise ReplyError(f"SEARCH/REPLACE block {number} does not match the program: `{search[0].strip()[:80]}` …")


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(line: str, by: int) -> str:
    """The line indented further by so many spaces, or less."""
    return " " * max(_indent(line) + by, 0) + line.lstrip(" ") if line else line
