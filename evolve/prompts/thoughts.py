"""Replies without the thoughts that a model wrote into them, however it marks them."""

import re

_TAG = r"(?:[\w:.-]*(?:think|thought|reasoning|reflection|scratchpad|monologue)[\w:.-]*|analysis)"
_WORD = r"[^<>|｜\n]*(?:think|thought)[^<>|｜\n]*"
_MARKS = re.compile(
    rf"(?P<open><{_TAG}(?:\s[^<>\n]*)?>|\[THINK(?:ING)?\]|◁think▷|<[|｜](?!/|end){_WORD}[|｜]>"
    r"|<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>)"
    rf"|(?P<close></{_TAG}\s*>|\[/THINK(?:ING)?\]|◁/think▷|<[|｜](?:/|end){_WORD}[|｜]>)"
    r"|(?P<end><\|end\|>)"
    r"|(?P<other><\|start\|>(?:assistant)?|<\|channel\|>final[^<]*<\|message\|>|<\|return\|>|<\|im_end\|>"
    r"|<\|(?:begin|end)_of_solution\|>)",
    re.IGNORECASE,
)
_UNMARKED = re.compile(r"\A\s*analysis(?=[A-Z]).*?assistantfinal", re.DOTALL)
"""The channels of a model whose marks its server has dropped."""


def visible(text: str) -> tuple[str, bool]:
    """What stands in no thought, and whether the text ends within one.

    A thought lasts from its opening to its closing mark; others may be nested in it. One that is never closed goes on
    to the end. What stands before a closing mark that was never opened is a thought as well: many servers swallow the
    first mark.
    """
    text = _UNMARKED.sub("", text)
    kept, depth, place = list[str](), 0, 0
    for mark in _MARKS.finditer(text):
        if depth == 0:
            kept.append(text[place : mark.start()])
        place = mark.end()
        if mark["open"]:
            depth += 1
        elif mark["close"] and depth == 0:
            kept.clear()
        elif mark["close"] or (mark["end"] and depth):
            depth -= 1
    if depth == 0:
        kept.append(text[place:])
    return "".join(kept), depth > 0
