"""Text of others made plain: what would act on a terminal, or hide in it, is spelled out as an escape.

A program's source, a model's reply, a provider's error, a name in an archive or a file of instances may hold anything:
escape sequences that write to the clipboard or retitle the window, carriage returns and marks of direction that make
one text look like another, characters that nobody sees. Whatever shows or writes such a text goes through here.
"""

from typing import Final

_INVISIBLE: Final = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xE0000, 0xE0FFF),  # tags, variation selectors
)
"""First and last of those characters that Unicode lets be drawn as nothing (Default_Ignorable_Code_Point, Unicode
Standard, section 5.21) although Python counts them as printable."""


def plain(text: str) -> str:
    r"""The text on one line, for messages, names and cells of tables: `\n`, `\x1b`, `\u202e` in place of what acts.

    Spelled out are controls (C0, DEL, C1), marks of direction and other format characters, line and paragraph
    separators, tags, fillers, variation selectors, lone surrogates, and what is no character or for private use. All
    others, such as é, Σ, × and 中, stay; so does a backslash: this is for reading, not for reading back.
    """
    return text.translate(_ESCAPED)


def plain_lines(text: str) -> str:
    """The same for text of several lines, such as source: they stay lines, and tabs become spaces (to columns of 8)."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(plain(line.expandtabs(8)) for line in lines)


def plain_json(document: str) -> str:
    """A JSON document in which the same characters are JSON's own escapes: it parses to the same strings as before.

    JSON has such characters in strings only, but for line breaks between its parts, which stay.
    """
    return document.translate(_ESCAPED_IN_JSON)


def _is_plain(character: str) -> bool:
    code = ord(character)
    if any(first <= code <= last for first, last in _INVISIBLE):
        return False
    return character.isprintable() or character in _SPACES


_SPACES: Final = frozenset(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
"""Spaces other than the plain one: they take room and do nothing else."""


class _Escaped(dict[int, str]):
    """Character code → what stands for it, worked out once for each character that comes along."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if _is_plain(character) else self._escape(character)
        return self[code]

    @staticmethod
    def _escape(character: str) -> str:
        return character.encode("unicode_escape").decode("ascii")


class _EscapedInJson(_Escaped):
    """The same with the escapes of JSON: UTF-16 units, four hexadecimal digits each."""

    @staticmethod
    def _escape(character: str) -> str:
        units = character.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


_ESCAPED: Final = _Escaped()
_ESCAPED_IN_JSON: Final = _EscapedInJson({ord("\n"): "\n"})
