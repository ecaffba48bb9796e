"""Where an archive lies as it may be told: nothing of a login, whatever the text that holds it looks like."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"

_TELLING = 4
"""Characters from which on a part of what is hidden must not be repeated on its own either."""

_SECRET = "pass|pwd|secret|token|key|auth|credential|options|connect"  # noqa: S105 - parts of names, not a secret
_FILES = ("sqlite", "file")
_PUBLIC = ("http", "https")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_SERVER = re.compile(r"(?:[^@/?#\s]*@)?(\[[0-9A-Fa-f:.]+\]|[\w.-]*)(?::[0-9]*)?(?:/([\w.-]*))?(?:[?#].*)?", re.DOTALL)
"""What can be nothing but a login, a host, a port, a database and a query."""

_LOGIN = re.compile(r".*:[^\\/].*@", re.DOTALL)
"""A login in what is no URL, up to the last @: hiding too much of an odd path is better than too little."""

_SETTING = re.compile(rf"([\w.%-]*(?:{_SECRET})[\w.%-]*\s*=).*", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"=(?=([^&;]*))")
_SECRET_VALUE = re.compile(rf"(?:{_SECRET})[\w.-]*\s*=(?=([^&;]*))", re.IGNORECASE)
_QUERY = re.compile(r"\?[^/]*=.*", re.DOTALL)
_NAME = re.compile(r"(?:^|(?<=[?&;{\s]))[A-Za-z_][\w.-]*\s*=")
_BETWEEN = re.compile(r"[\s:/?#&;=@,'\"{}\[\]\\]+")
_LOGIN_IN_TEXT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/'\"@]*:[^\s'\"]*@")


def shown(url: str) -> str:
    """A URL or path as it may be printed: of a server only scheme, host and database, and no login in a path."""
    found = _SCHEME.fullmatch(url)
    if found is None and "://" in url:
        return HIDDEN
    if found is None:
        return _shown_path(url)
    scheme, rest = found.groups()
    if is_file(scheme):
        return f"{scheme}://{_shown_path(rest)}"
    server = _SERVER.fullmatch(rest)
    if server is None:
        return f"{scheme}://{HIDDEN}"
    host, database = server.groups()
    return f"{scheme}://{host}" + (f"/{database}" if database else "")


def is_file(scheme: str) -> bool:
    """Whether URLs of this scheme name files."""
    return scheme.lower().split("+")[0] in _FILES


def secrets_of(url: str) -> tuple[str, ...]:
    """What no message may repeat of a URL or path, as it stands there and as a driver may spell it; longest first."""
    kept = shown(url)
    if kept == url:
        return ()
    rest = url.rpartition("://")[2]
    plain = {rest, unquote(rest), unquote_plus(rest), unquote(unquote(rest))}
    told = set(_BETWEEN.split(kept))
    hidden = {
        part
        for text in plain
        for part in _BETWEEN.split(_NAME.sub(" ", text))
        if len(part) >= _TELLING and part not in told
    }
    for text in plain:
        login = text.rpartition("@")[0]
        values = {value for value in _VALUE.findall(text) if len(value) >= _TELLING}
        hidden |= {login, login.partition(":")[2], *values, *_SECRET_VALUE.findall(text)}
    hidden |= {unquote(value) for value in hidden}
    hidden |= {value.strip() for value in hidden}
    spelled = hidden | {quote(value, safe="") for value in hidden} | {quote(value) for value in hidden}
    spelled |= {quote_plus(value) for value in hidden}
    spelled |= {repr(value)[1:-1] for value in spelled}
    return tuple(sorted((value for value in spelled if value.strip()), key=len, reverse=True))


def without(secrets: Iterable[str], text: str) -> str:
    """A text without these parts; the longest must come first."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def without_logins(text: str) -> str:
    """A text of whatever origin without the logins of the URLs in it."""
    return _LOGIN_IN_TEXT.sub(rf"\1{HIDDEN}@", text) if "@" in text else text


class Words:
    """What people gave on a command line or in the environment, and how messages may repeat it."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        hidden: dict[str, str] = {}
        for word in words:
            value = word.partition("=")[2] if word.startswith("-") else word
            found = _SCHEME.fullmatch(value)
            public = found is not None and found[1].lower() in _PUBLIC and "@" not in value
            if public or ("\n" in value.strip() and "://" not in value):
                continue
            if (kept := shown(value)) != value:
                hidden |= {value: kept, repr(value)[1:-1]: kept}
                hidden |= dict.fromkeys((one for one in secrets_of(value) if len(one) >= _TELLING), HIDDEN)
        self._hidden = sorted(hidden.items(), key=lambda pair: len(pair[0]), reverse=True)

    def hide(self, text: str) -> str:
        """A message without the logins that were given."""
        for word, kept in self._hidden:
            text = text.replace(word, kept)
        return without_logins(text)


def _shown_path(path: str) -> str:
    path = _LOGIN.sub(f"{HIDDEN}@", path)
    path = _QUERY.sub(f"?{HIDDEN}", path)
    return _SETTING.sub(rf"\1{HIDDEN}", path)
