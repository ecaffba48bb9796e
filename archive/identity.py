"""The id of a program: a digest of what counts in its text, the same on every Python that Heuresis runs on."""

import functools
import hashlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

from heuresis.sandbox.parsing import parse

_SPACING = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_LONGEST_TOKENISED = 1 << 16
_LONGEST_REMEMBERED = 1 << 12
_PIECES = {
    getattr(tokenize, f"{kind}STRING_START"): getattr(tokenize, f"{kind}STRING_END")
    for kind in "FT"
    if hasattr(tokenize, f"{kind}STRING_START")
}
"""How strings with expressions in them begin and end where Python takes them apart (f-strings: from 3.12 on)."""
_SPELLED = {tokenize.NEWLINE: "\n", tokenize.INDENT: "{", tokenize.DEDENT: "}"}
_LITERAL = {tokenize.COMMENT} | {
    getattr(tokenize, name) for name in ("FSTRING_MIDDLE", "TSTRING_MIDDLE") if hasattr(tokenize, name)
}

_GRAMMAR = (3, 11)
"""The oldest Python that Heuresis runs on: what is a program there is one everywhere."""

_ONE_STRING = re.compile(
    r"""[a-z]{1,2}(?:'''(?:[^'\\]|\\.|'(?!''))*'''|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}"""
    r"""|'(?:[^\n'\\]|\\.)*'|"(?:[^\n"\\]|\\.)*")""",
    re.IGNORECASE | re.DOTALL,
)
"""A string with expressions in it as Python 3.11 has it: its own quotes cannot stand within."""

_TEXT = "\x00text\x00"
"""Before what is no Python. No stream of tokens begins so: none is empty, and none in a program holds a NUL."""

_NAME = "<program>"
warnings.filterwarnings("ignore", module=re.escape(_NAME))  # even where they are errors: an id is no place for them


def storable(text: str) -> str:
    """Text as UTF-8 can hold it: lone surrogates, which a broken reply may contain, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def candidate_id(source: str) -> str:
    """`c_` and the SHA-256 (hex) of the normalised token stream: comments and spacing do not count.

    Text that Python 3.11 cannot parse, or is longer than any program can be, is hashed as it is, behind a mark that no
    token stream begins with. Ids of short texts are remembered: a resumed run compares the same programs with their
    ids again and again.
    """
    return _remembered_id(source) if len(source) <= _LONGEST_REMEMBERED else _id_of(source)


def is_id_of(identity: str, source: str) -> bool:
    """Whether a text has this id, or had it when ids of what is no Python were still made in two other ways.

    Those were the digest of the bare text, and of tokens as this version of Python finds them. No text that is a
    program, or can be taken for one by what it looks like (carriage returns, NULs), has one of them.
    """
    if candidate_id(source) == identity:
        return True
    text = storable(source)
    if "\r" in text.replace("\r\n", "\n") or "\x00" in text:
        return False
    if len(text) > _LONGEST_TOKENISED:
        return _digest(text) == identity
    if _program(text) is not None:
        return False
    return identity in (_digest(text), _digest(_tokens(text) or text))


def _id_of(source: str) -> str:
    text = storable(source)
    tokens = _program(text) if len(text) <= _LONGEST_TOKENISED else None
    return _digest(_TEXT + text if tokens is None else tokens)


_remembered_id = functools.lru_cache(maxsize=1 << 13)(_id_of)


def _digest(text: str) -> str:
    return "c_" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _program(text: str) -> str | None:
    """The tokens that count, in one text; None where this is no Python."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the parser has it, and the tokeniser has not
    try:
        parse(text, _NAME, feature_version=_GRAMMAR)
    except (RecursionError, MemoryError):
        pass  # how deep is too deep depends on the version and on who asks; the tokens do not
    except (SyntaxError, ValueError):
        return None
    return _tokens(text)


def _tokens(text: str) -> str | None:
    try:
        return "\x00".join(_words(text))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None


def _words(source: str) -> Iterator[str]:
    """The tokens that count. A string with expressions in it is one of them, as Python 3.11 has it.

    Raises SyntaxError for one that Python 3.11 would take for something else.
    """
    lines = io.StringIO(source).readlines()
    open_strings: list[int] = []
    start, odd = (0, 0), False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in _PIECES:
            if not open_strings:
                start, odd = token.start, False
            open_strings.append(_PIECES[token.type])
        elif open_strings:
            odd = odd or token.type == tokenize.COMMENT or (token.type not in _LITERAL and "\\" in token.string)
            if token.type == open_strings[-1]:
                open_strings.pop()
                if not open_strings:
                    yield _one_string(_between(lines, start, token.end), odd=odd)
        elif token.type in _SPELLED:
            yield _SPELLED[token.type]
        elif token.type not in _SPACING:
            yield token.string


def _one_string(text: str, *, odd: bool) -> str:
    """A whole string with expressions in it, which is `odd` where those hold comments or backslashes."""
    if odd or not _ONE_STRING.fullmatch(text) or "t" in text[: text.index(text[-1])].lower():
        raise SyntaxError("a string that only a newer Python knows")
    return text


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text between two places, given as the tokeniser does: lines from 1 and columns from 0."""
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return lines[first - 1][left:] + "".join(lines[first : last - 1]) + lines[last - 1][:right]
