"""From a model's reply to a program: fenced code, a bare function, JSON, or SEARCH/REPLACE blocks against a parent."""

import ast
import itertools
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from heuresis.evaluators.language.contract import Contract
from heuresis.evolve.prompts.changes import ReplyError, changed, has_changes
from heuresis.evolve.prompts.fences import fenced, unquoted
from heuresis.evolve.prompts.thoughts import visible
from heuresis.sandbox.parsing import parse

__all__ = ["MAX_CHARACTERS", "ReplyError", "parse_reply"]

MAX_CHARACTERS = 60_000
"""Replies without their thoughts are cut here before they are read."""

MOST_DOCUMENTS = 50
"""JSON documents that are looked at in one reply."""

_JSON = re.compile(r'^[ \t]*[{\["]', re.MULTILINE)


def parse_reply(text: str, contract: Contract, parent: str | None = None, *, truncated: bool = False) -> str:
    """The program in a reply. `parent` is what SEARCH/REPLACE blocks refer to.

    What stands in a thought is never the program, and a whole program goes before changes that do not apply. The
    program is not checked, beyond holding the contract's function: the screen does that and says where it fails.
    Raises ReplyError where there is no program, and nothing else on any text.
    """
    text, thinking = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = unquoted(text[:MAX_CHARACTERS]).expandtabs(4)
    name = contract.main.name
    whole = _whole(text, name)
    if has_changes(text):
        try:
            return changed(text, parent, truncated=truncated)
        except ReplyError:
            if whole is None:
                raise
    if whole is not None:
        return whole
    source = _unfenced(text, name, truncated=truncated)
    if source is not None:
        return source
    if truncated or thinking:
        raise ReplyError("the reply was cut off before the program: answer with the code alone")
    if not text.strip():
        raise ReplyError("the reply is empty")
    start = " ".join(text.split())[:160]
    raise ReplyError(f"the reply holds no code block with `def {name}(`; it begins: {start}")


def _whole(text: str, name: str) -> str | None:
    """The last whole program in a fence or in JSON, one that parses before others; None where there is none."""
    blocks = [block for block in (*_in_json(text, name), *fenced(text).closed) if not has_changes(block)]
    sources = [_program(block) for block in _unpacked(blocks, name) if _defines(block, name)]
    parsing = [source for source in sources if _parses(source)]
    return next(iter([*reversed(parsing), *reversed(sources)]), None)


def _unpacked(blocks: list[str], name: str) -> Iterator[str]:
    """Blocks of code; one that is JSON in turn as the code in it."""
    for block in blocks:
        inner = list(_in_json(block, name))
        yield from inner or [block]


def _unfenced(text: str, name: str, *, truncated: bool) -> str | None:
    """A program in a fence that was left open, or without one; None where there is none."""
    left_open = fenced(text).open
    rest = text if left_open is None else left_open
    if has_changes(rest) or not _defines(rest, name):
        return None
    source = _program(_bare(rest, name) if left_open is None else rest)
    if (truncated or left_open is not None) and not _parses(source):
        raise ReplyError("the reply was cut off in the middle of the program: write a shorter one")
    return source


def _defines(block: str, name: str) -> bool:
    return re.search(rf"^[ ]*def[ ]+{re.escape(name)}[ ]*\(", block, re.MULTILINE) is not None


def _in_json(text: str, name: str) -> Iterator[str]:
    """The texts in JSON documents that define the function; each document begins on a line of its own."""
    for place in itertools.islice(_JSON.finditer(text), MOST_DOCUMENTS):
        try:
            document, _ = json.JSONDecoder(strict=False).raw_decode(text, place.end() - 1)
        except (ValueError, RecursionError):
            continue
        yield from (found.expandtabs(4) for found in _strings(document) if _defines(found, name))


def _strings(document: Any, depth: int = 0) -> Iterator[str]:
    """All texts in a JSON document."""
    if isinstance(document, str):
        yield from (one for one in [*fenced(document).closed, document])
    elif isinstance(document, dict | list) and depth < 8:
        for one in document.values() if isinstance(document, dict) else document:
            yield from _strings(one, depth + 1)


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
