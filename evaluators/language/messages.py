"""Numba's explanations of what does not compile, in one line."""

import re

from numba.core.errors import NumbaError

PROGRAM_FILE = "<program>"
"""The name under which programs are compiled."""

_PLACES = re.compile(r'(?:File "<program>", line |<program> \()(\d+)')
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = ("Failed in", "During:", "File ", "<source", "- Resolution failure", "Overload", "There are", "- Of which",
          ">>>", "Enable logging", "This error", "For more", "If you think", "Known signatures", "* (", "[1]", "[2]",
          "Hint:", "def ", "raised from", "All templates", "Invalid use", "No implementation of")  # fmt: skip


def message(error: NumbaError, lines: list[str]) -> str:
    """Numba's explanation in one line: where, the source line, and the first sentence that is not boilerplate."""
    text = _COLOURS.sub("", str(error))
    told = [line.strip() for line in text.splitlines()]
    useful = [line for line in told if line and not line.startswith(_NOISE) and set(line) - set("^-~ .")]
    reason = useful[0] if useful else next((line for line in told if line), type(error).__name__)
    strict = re.search(r"[^:\n]+ must be an integer, got [^\n]+", text)
    call = re.search(r"No implementation of function (.*?) found for signature", text)
    wrong = re.search(r">>> (.+)", text)
    if call and wrong:
        reason = _explained(wrong.group(1))
    if strict:
        reason = _advised(strict.group().strip())
    reason = re.sub(r" for '\$.*| for '[^']*', defined at .*", "", reason)
    undefined = re.match(r"NameError: name '(\w+)'", reason)
    places = [i for i, line in enumerate(lines, 1) if undefined and re.search(rf"\b{undefined[1]}\b", line)][:1]
    places = places or [int(number) for number in _PLACES.findall(text)]
    if not places or not 1 <= places[-1] <= len(lines):
        return reason[:300]
    inside = f" (in line {places[0]})" if places[0] != places[-1] else ""
    return f"line {places[-1]}, `{lines[places[-1] - 1].strip()[:100]}`: {reason[:300]}{inside}"


_INDEX = re.compile(r"[gs]etitem\((?:readonly )?array\(.*?\), (?:Literal\[)?(\w+)")
_LENGTH = re.compile(r"(?:zeros|ones|full)\((?:Literal\[)?(\w+)")
_NUMBERS = {"float64": "a float", "bool": "a truth value"}
_ADVICE = {"a float": "use math.floor", "a truth value": "use `if`"}


def _explained(use: str) -> str:
    """What is wrong with the use of a function that Numba has no implementation for, such as `getitem(…)`."""
    for pattern, what in ((_INDEX, "an index"), (_LENGTH, "the length of an array")):
        found = pattern.match(use)
        if found and found[1] in _NUMBERS:
            return _advised(f"{what} must be an integer, got {_NUMBERS[found[1]]}")
    return f"no such use of a function: {use}"


def _advised(reason: str) -> str:
    """A refusal of something that is no integer, with what to write instead."""
    advice = next((remedy for kind, remedy in _ADVICE.items() if reason.endswith(f"got {kind}")), "")
    return f"{reason}: {advice}" if advice else reason
