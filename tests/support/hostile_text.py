"""Strings that do something to a terminal or hide in it, and what must not reach one."""

import re
import unicodedata

_PAYLOADS = {
    "conceal": "\x1b[8m",
    "clear the screen": "\x1b[2J\x1b[H",
    "cursor up and erase": "\x1b[1A\x1b[2K",
    "window title": "\x1b]0;pwned\x07",
    "hyperlink": "\x1b]8;;http://evil.example/\x1b\\here\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "answer back": "\x1b[6n\x1b[c\x05",
    "device control": "\x1bP+q544e\x1b\\",
    "reset": "\x1bc",
    "line drawing": "\x1b(0\x0e",
    "alternate screen": "\x1b[?1049h",
    "bell": "\x07",
    "backspaces": "\x08\x08\x08",
    "carriage return": "safe\rEVIL",
    "line break": "first\nheuresis: all is well",
    "vertical tab and form feed": "\x0b\x0c",
    "tab": "a\tb",
    "null": "\x00",
    "delete": "\x7f",
    "control sequence in C1": "\x9b2J",
    "operating system command in C1": "\x9d0;pwned\x9c",
    "next line": "\x85",
    "right to left embedding": "\u202a\u202b",
    "right to left override": "\u202egpj.\u202c",
    "left to right override": "\u202d",
    "isolates": "\u2066\u2067\u2068\u2069",
    "direction marks": "\u200e\u200f\u061c",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "soft hyphen": "\u00ad",
    "tags": "\U000e0041\U000e007f",
    "variation selectors": "\ufe0f\U000e0100",
    "fillers": "\u3164\u115f\uffa0",
    "annotation": "\ufff9\ufffa\ufffb",
    "lone surrogate": "\ud83d",
    "no character": "\uffff\ufdd0",
}
HOSTILE = {name: f"<{payload}>" for name, payload in _PAYLOADS.items()}
"""By what it does."""

_TOGETHER = {
    "sequences": ("conceal", "clear the screen", "cursor up and erase", "window title", "hyperlink", "clipboard"),
    "sequences of terminals": ("answer back", "device control", "reset", "line drawing", "alternate screen"),
    "controls": ("bell", "backspaces", "delete", "control sequence in C1", "operating system command in C1"),
    "line breaks": (
        "carriage return", "line break", "vertical tab and form feed", "tab", "next line", "line separator",
        "paragraph separator",
    ),
    "directions": (
        "right to left embedding", "right to left override", "left to right override", "isolates", "direction marks",
    ),
    "invisible": ("zero width", "soft hyphen", "tags", "variation selectors", "fillers", "annotation", "no character"),
    "null": ("null",),
    "lone surrogate": ("lone surrogate",),
}  # fmt: skip
TOGETHER = {kind: "".join(HOSTILE[name] for name in names) for kind, names in _TOGETHER.items()}
"""Every hostile string in one of a few, by kind: what is shown whole of one shows each of its parts."""

_STYLES = re.compile(r"\x1b\[(?:[0-4]|[349][0-9])(?:;(?:[0-4]|[349][0-9]))*m")
_CURSOR = re.compile(r"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*|\r?\x1b\[1A\x1b\[2K|\x1b\[\?25[lh]|\r(?=\n|$)")
_HIDING = {0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def acting(output: str, *, colours: bool = False) -> str:
    """The characters of an output that act or hide, but for line breaks; with `colours` but for rich's styles too."""
    if colours:
        output = _CURSOR.sub("", _STYLES.sub("", output))
    found = dict.fromkeys(c for c in output if _acts(c))
    return " ".join(f"U+{ord(c):04X}" for c in found)


def spelled(text: str) -> str:
    """How a string is to be shown: what acts is spelled as Python's escapes."""
    return "".join(c.encode("unicode_escape").decode() if _acts(c) or c == "\n" else c for c in text)


def _acts(character: str) -> bool:
    kind = unicodedata.category(character)
    return character != "\n" and (kind in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} or ord(character) in _HIDING)
