"""Where requests go: an endpoint's address as people copy it, and whether it leads to this machine."""

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.secrecy import redact

OPENAI = "https://api.openai.com/v1"

_CALLS = ("/chat/completions", "/completions", "/responses", "/models", "/embeddings", "/chat")
_SECRET = re.compile(r"key|token|secret|password|sig", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint: `base` is what `/chat/completions` is appended to, `query` goes with every request.

    `notes` say what was changed about the address that was given.
    """

    base: str
    query: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def loopback(self) -> bool:
        """Whether it leads to this machine, so that no proxy has to do with it."""
        return is_loopback(self.base)

    @property
    def plain(self) -> bool:
        """Whether everybody on the way can read what is sent: neither encrypted nor on this machine."""
        return urlsplit(self.base).scheme == "http" and not self.loopback

    @property
    def own(self) -> bool:
        """Whether it is a server of one's own, on this machine or nearby, which may be slow and have one slot."""
        return self.loopback or self.plain

    @property
    def azure(self) -> bool:
        """Whether it is one of Azure's, whose keys go in a header of their own."""
        return any(name == "api-version" for name, _ in self.query)

    def at(self, base: str, note: str) -> "Address":
        """The same endpoint at another base."""
        return replace(self, base=base, notes=(*self.notes, note))


def address_of(text: str) -> Address:
    """An address as it was given, put in order. Raises ProposerUnavailable where nothing can be sent there."""
    given = text.strip()
    shown = redact(given)
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError as error:
        raise ProposerUnavailable(f"--api-base {shown!r} is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\\x00-\x1f]", given):
        raise ProposerUnavailable(f"--api-base must be an http or https address, got {shown!r}")
    query = tuple(parse_qsl(parts.query))
    if "@" in parts.netloc or any(_SECRET.search(name) for name, _ in query):
        raise ProposerUnavailable(
            f"--api-base {shown!r} holds a login or a key, which would be kept with the run: give the address alone, "
            "and the key by --api-key-env NAME"
        )
    if "/openai/deployments/" in parts.path and not any(name == "api-version" for name, _ in query):
        raise ProposerUnavailable(f"--api-base {shown!r}: Azure's addresses need ?api-version=… at their end")
    return _ordered(Address(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), query))


def _ordered(address: Address) -> Address:
    """An address without the path of a single call, and with the `/v1` that nearly every server has."""
    for ending in _CALLS:
        if address.base.endswith(ending):
            base = address.base.removesuffix(ending)
            address = address.at(base, f"--api-base: {ending} is appended by itself; using {base}")
            break
    if not urlsplit(address.base).path:
        base = address.base + "/v1"
        address = address.at(base, f"--api-base has no path such as /v1; using {base}")
    if address.azure:
        address = address.at(
            address.base, f"--api-base: an address of Azure; every call goes there with {_shown(address)}"
        )
    return address


def _shown(address: Address) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in address.query)


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine, however its host is written."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    found = _ip(host)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found is not None and (found.is_loopback or found.is_unspecified)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, also in the short forms of inet_aton (`127.1`); None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not re.fullmatch(r"[0-9a-fx.]+", host) or not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
