"""From a model's reply to a program: fenced code, a bare function, or SEARCH/REPLACE blocks against a parent."""

import ast
import re
import textwrap

from heuresis.evaluators.language.contract import Contract
from heuresis.sandbox.parsing import parse

MAX_CHARACTERS = 60_000
"""Replies are cut here before they are read."""

_BLOCK = re.compile(
    r"^[ \t]*<{5,}[ \t]*SEARCH[^\n]*\n(?P<search>.*?)^[ \t]*={5,}[ \t]*\n(?P<replace>.*?)^[ \t]*>{5,}[ \t]*REPLACE",
    re.DOTALL | re.MULTILINE,
)
_OPENED = re.compile(r"^[ \t]*<{5,}[ \t]*SEARCH", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


class ReplyError(ValueError):
    """A reply without a program; the message says why, for the model's second try and for people."""


def parse_reply(text: str, contract: Contract, parent: str | None = None, *, truncated: bool = False) -> str:
    """The program in a reply. `parent` is what SEARCH/REPLACE blocks refer to.

    The program is not checked, beyond holding the contract's function: the screen does that and says where it fails.
    Raises ReplyError where there is no program, and nothing else on any text.
    """
    text = _THOUGHT.sub("", text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")).expandtabs(4)
    if _OPENED.search(text):
        return _apply(text, parent, truncated)
    name = contract.main.name
    defined = re.compile(rf"^[ ]*def[ ]+{re.escape(name)}[ ]*\(", re.MULTILINE)
    blocks, open_block = _fenced(text)
    for block in reversed(blocks):
        if defined.search(block):
            return _program(block)
    rest = open_block if open_block is not None else text
    if defined.search(rest):
        source = _program(rest if open_block is not None else _bare(rest, name))
        if (truncated or open_block is not None) and not _parses(source):
            raise ReplyError("the reply was cut off in the middle of the program: write a shorter one")
        return source
    if truncated:
        raise ReplyError("the reply was cut off before the program: answer with the code alone")
    if not text.strip():
        raise ReplyError("the reply is empty")
    start = " ".join(text.split())[:160]
    raise ReplyError(f"the reply holds no code block with `def {name}(`; it begins: {start}")


def _fenced(text: str) -> tuple[list[str], str | None]:
    """The contents of closed code fences in order, and of one that was left open."""
    blocks: list[str] = []
    current: list[str] | None = None
    for line in text.split("\n"):
        if not _FENCE.match(line):
            if current is not None:
                current.append(line)
        elif current is None:
            current = []
        else:
            blocks.append("\n".join(current))
            current = None
    return blocks, None if current is None else "\n".join(current)


def _bare(text: str, name: str) -> str:
    """The code around an unfenced function: from the first line of code to where prose begins again."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(r"(import|from|def) ", line.lstrip())]
    begun = [i for i in starts if _is_code_until(lines, i, name)]
    kept: list[str] = []
    for line in lines[(begun or starts or [0])[0] :]:
        if line.strip() and not re.match(r"\s|def |import |from |@|#|\)|[A-Za-z_]\w*\s*=[^=]", line):
            break
        kept.append(line)
    return "\n".join(kept)


def _is_code_until(lines: list[str], start: int, name: str) -> bool:
    """Whether code goes on without prose from a line to the definition of the function."""
    for line in lines[start:]:
        if re.match(rf"\s*def\s+{re.escape(name)}\b", line):
            return True
        if line.strip() and not re.match(r"\s|def |import |from |@|#|\)|[A-Za-z_]\w*\s*=[^=]", line):
            return False
    return False


def _program(block: str) -> str:
    """A block of code without common indentation and without what a program file may not hold (calls, prints)."""
    source = textwrap.dedent(block).strip("\n")
    source = "\n".join(line.rstrip() for line in source.split("\n")) + "\n"
    tree = _parsed(source)
    if tree is None:
        return source
    kept = (ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
    lines = source.split("\n")
    for node in tree.body:
        if not isinstance(node, kept):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    stripped = "\n".join(lines).strip("\n") + "\n"
    return stripped if _parses(stripped) else source


def _parsed(source: str) -> ast.Module | None:
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parses(source: str) -> bool:
    return _parsed(source) is not None


def _apply(text: str, parent: str | None, truncated: bool) -> str:
    """Apply SEARCH/REPLACE blocks in order, each to the result of the one before."""
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
    lines = [line.rstrip() for line in part.split("\n") if not _FENCE.match(line)]
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
