"""Names that are not known: what may have been meant, and a few of those there are."""

import difflib
from collections.abc import Iterable

MOST = 12
"""Names listed at most; of more than these the nearest are shown, or the first."""


def listed(known: Iterable[str], wanted: str) -> str:
    """The known names as a message lists them, with those that may have been meant in place of `wanted`."""
    names = list(dict.fromkeys(known))
    close = nearest(names, wanted)
    if len(names) <= MOST:
        text = ", ".join(names)
    else:
        text = f"{', '.join(close or names[: MOST // 2])}, … ({len(names)} in all)"
    return f"{text}; did you mean {' or '.join(close)}?" if close else text


def nearest(known: Iterable[str], wanted: str, count: int = 3) -> list[str]:
    """The names that are most like another, whatever their case and separators, the most alike first."""
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_folded(name), name)
    return [folded[one] for one in difflib.get_close_matches(_folded(wanted), folded, count)]


def _folded(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")
