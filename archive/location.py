"""Where an archive lies: a path, a URL, and how it is told to people without the passwords in it."""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import platformdirs
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from heuresis.archive.records import ArchiveError

HIDDEN = "***"

_TELLING = 4
"""Characters from which on a part of a password, between signs that divide a URL, must not be repeated either."""

_SECRET = "password|passwd|pwd|pass|sslpassword|secret|token|key|auth"  # noqa: S105 - names, not a secret
_IN_QUERY = re.compile(rf"([?&;](?:[a-z0-9_.-]*(?:{_SECRET}))=)([^&;\s]*)", re.IGNORECASE)
# Up to the last @: a password may hold one, and hiding too much of an odd URL is better than too little.
_IN_LOGIN = re.compile(r"(://[^/?#\s:]*:)(.*)(@)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an archive lies. `where` is for people, `secrets` what no message may repeat."""

    url: str
    where: str
    file: Path | None  # None: another database server; `:memory:` is a path like that
    secrets: tuple[str, ...] = ()

    @property
    def in_memory(self) -> bool:
        """Whether it lies in no file."""
        return str(self.file) == ":memory:"

    def without_secrets(self, text: str) -> str:
        """A text of ours or of a driver, without the passwords of the URL."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def default_location() -> str:
    """`HEURESIS_ARCHIVE`, or `archive.db` in the user's data directory."""
    return os.environ.get("HEURESIS_ARCHIVE") or str(platformdirs.user_data_path("heuresis") / "archive.db")


def shown(url: str) -> str:
    """A URL or path as it may be printed: passwords are hidden."""
    if "://" in url:
        with contextlib.suppress(ArgumentError, ValueError):  # what is no URL may still hold a password
            url = make_url(url).render_as_string(hide_password=True)
        url = _IN_LOGIN.sub(rf"\1{HIDDEN}\3", url)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", url)


def place_of(url: str) -> Place:
    """What a URL or a bare path names. Raises ArchiveError where it is no URL that can be."""
    secrets = _secrets_of(url)
    file = Path(url).expanduser()
    if "://" in url:
        scheme, _, rest = url.partition("://")
        if scheme.split("+")[0] != "sqlite":
            return Place(url, shown(url), None, secrets)
        if rest and not rest.startswith("/"):
            raise ArchiveError(f"archive {shown(url)}: expected sqlite:///FILE, with three strokes, or a path")
        file = Path(rest.removeprefix("/") or ":memory:").expanduser()
    place = Place(url, "", file, secrets)
    return Place(url, place.without_secrets(str(file)), file, secrets)


def _secrets_of(url: str) -> tuple[str, ...]:
    """The passwords in a URL, as they stand there and as a driver may repeat them; longest first."""
    found = {value for _, value in _IN_QUERY.findall(url)}
    if "://" in url:
        logins = {value for _, value, _ in _IN_LOGIN.findall(url)}
        found |= logins | {part for login in logins for part in re.split("[@:/]", login) if len(part) >= _TELLING}
        try:
            password = make_url(url).password
        except (ArgumentError, ValueError):
            password = None
        found |= {str(password)} if password else set()
    plain = found | {unquote(value) for value in found}
    spelled = plain | {quote(value, safe="") for value in plain} | {quote_plus(value) for value in plain}
    spelled |= {repr(value)[1:-1] for value in spelled}
    return tuple(sorted((value for value in spelled if value), key=len, reverse=True))
