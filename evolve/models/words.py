"""What a server says in the body of an error, whatever its shape.

OpenAI's `{"error": {"message", "code", "param"}}`, a text in place of any of these, FastAPI's `detail`, RFC 9457's
`title` and `detail`, OpenRouter's `metadata.raw`, lists of errors, a proxy's HTML page, or plain text.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from heuresis.evolve.models.secrecy import redact
from heuresis.evolve.models.waiting import delay_in

LONGEST = 600
"""Characters of a message that are kept."""

_TEXTS = ("message", "msg", "error", "detail", "title", "reason", "error_description", "description")
_NESTED = ("error", "detail", "details", "errors", "metadata", "raw", "message")
_SKIPPED = ("script", "style", "head")


@dataclass(frozen=True, slots=True)
class Words:
    """A server's own words: redacted, on one line, and short.

    `code` is its name or number for the error, `names` the parameters that it points to.
    """

    text: str
    code: str = ""
    names: tuple[str, ...] = ()
    retry_after: float | None = None  # seconds, where the body tells

    @property
    def all(self) -> str:
        """Everything that a decision may look at, in small letters."""
        return " ".join((self.text, self.code, *self.names)).lower()


def words_of(body: str) -> Words:
    """The words in the body of an error; never what it repeats of the request."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Words(_brief(_page(body) if body.lstrip().startswith("<") else body), retry_after=delay_in(body))
    return words_in(found)


def words_in(found: Any) -> Words:
    """The words in a decoded error."""
    parts = list(dict.fromkeys(_texts(found)))
    texts = [text for text in parts if not any(text != other and text in other for other in parts)]
    text = "; ".join(texts) or ("" if found in (None, {}, []) else json.dumps(found, default=str))
    codes = [str(value) for value in _values(found, ("code", "type", "status"))]
    names = [str(value) for value in _values(found, ("param",))]
    names += [str(loc[-1]) for loc in _values(found, ("loc",), lists=True) if loc]
    told = next((delay_in(str(value)) for value in _values(found, ("retryDelay", "retry_after"))), None)
    return Words(_brief(text), " ".join(codes)[:200], tuple(names), told if told is not None else delay_in(text))


def _texts(found: Any, depth: int = 0) -> Iterator[str]:
    """The messages in an error, outermost first."""
    if depth > 6:
        return
    if isinstance(found, str):
        inner = _decoded(found)
        if inner is None:
            yield " ".join(found.split())
        else:
            yield from _texts(inner, depth + 1)
    elif isinstance(found, list):
        for one in found[:5]:
            yield from _texts(one, depth + 1)
    elif isinstance(found, Mapping):
        where = found.get("loc")
        place = ".".join(map(str, where)) + ": " if isinstance(where, list) else ""
        for name in (*_TEXTS, *(key for key in _NESTED if key not in _TEXTS)):
            value = found.get(name)
            if isinstance(value, str | list | Mapping) and value:
                yield from (place + text for text in _texts(value, depth + 1) if text)


def _decoded(text: str) -> Any:
    """What a text holds that is itself JSON (errors of a provider behind a gateway); None where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _values(found: Any, keys: tuple[str, ...], depth: int = 0, *, lists: bool = False) -> Iterator[Any]:
    """The values under some keys, at any depth of an error."""
    if depth > 6:
        return
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key in keys and type(value) in ((list,) if lists else (str, int)):
                yield value
            elif key in _NESTED:
                yield from _values(value, keys, depth + 1, lists=lists)
    elif isinstance(found, list):
        for one in found[:5]:
            yield from _values(one, keys, depth + 1, lists=lists)


class _Page(HTMLParser):
    """Collects the text of a page that people see, its title first."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.text = list[str](), list[str]()
        self._open = list[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Remember where we are."""
        del attrs
        if tag == "title" or tag in _SKIPPED:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Remember where we are no more."""
        if tag in self._open:
            del self._open[self._open.index(tag) :]
        if tag == "title" and "head" not in self._open:
            self._open = [one for one in self._open if one != "title"]

    def handle_data(self, data: str) -> None:
        """Keep what is seen."""
        if "title" in self._open:
            self.title.append(data)
        elif not self._open:
            self.text.append(data)


def _page(body: str) -> str:
    """The words of an HTML page."""
    page = _Page()
    page.feed(body[:100_000])
    title, text = (" ".join(" ".join(part).split()) for part in (page.title, page.text))
    return "an HTML page: " + (title if title and text.startswith(title) else f"{title} {text}".strip())


def _brief(text: str) -> str:
    """A text without secrets, on one line and shortened."""
    line = redact(" ".join(text.split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 2] + " …"
