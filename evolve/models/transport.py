"""One HTTP request with a time limit for all of it, on the way that suits its address."""

import ssl
import time
from dataclasses import dataclass
from typing import Any

import httpx

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.address import Address
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.models.secrecy import redact

CONNECT_SECONDS = 10.0
LONGEST_BODY = 4 << 20
"""Bytes of an answer; no reply is longer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered, whatever it was."""

    status: int
    headers: dict[str, str]
    body: str


def http_client(name: str, headers: dict[str, str] | None = None, *, straight: bool = False) -> httpx.Client:
    """A client that uses the proxies of the environment, or none where it goes `straight`.

    Raises ProposerUnavailable where a proxy cannot be used.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=16)
    try:
        return httpx.Client(headers=headers, trust_env=not straight, limits=limits)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ProposerUnavailable(
            f"{name}: the proxy of ALL_PROXY, HTTPS_PROXY or HTTP_PROXY cannot be used ({redact(str(error))}): "
            "expected http://HOST:PORT, or socks5://HOST:PORT with `pip install 'httpx[socks]'`"
        ) from None


class Transport:
    """Requests to one endpoint. Thread-safe.

    Nothing is taken from the environment but proxies, and these only where the address leaves this machine. A redirect
    is not followed: neither key nor prompt goes where nobody has sent them.
    """

    def __init__(self, name: str, address: Address, key: str) -> None:
        self.name, self.address = name, address
        headers = {"User-Agent": "heuresis", "Accept": "application/json"}
        if key:
            headers |= {"api-key": key} if address.azure else {"Authorization": f"Bearer {key}"}
        self._client = http_client(name, headers, straight=address.loopback)

    def post(self, path: str, body: dict[str, Any], seconds: float) -> Answer:
        """Send a request and read all of the answer within so many seconds. Raises CallError."""
        return self._send("POST", self.address.base + path, body, seconds)

    def get(self, url: str, seconds: float) -> Answer:
        """Look at an address. Raises CallError."""
        return self._send("GET", url, None, seconds)

    def _send(self, method: str, url: str, body: dict[str, Any] | None, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        query = dict(self.address.query) or None
        try:
            with self._client.stream(method, url, json=body, params=query, timeout=timeout) as response:
                return Answer(response.status_code, dict(response.headers), self._read(response, deadline))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise self._unreachable(error) from None
        except httpx.TimeoutException:
            raise self._late() from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            text = f"{self.name}: {type(error).__name__}: {error}"
            raise CallError(text, retryable=True, billed=method == "POST") from None

    def _read(self, response: httpx.Response, deadline: float) -> str:
        """All of the body. Servers that only keep the connection alive run into the time limit too."""
        parts, size = list[bytes](), 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LONGEST_BODY:
                raise CallError(f"{self.name}: the reply is longer than {LONGEST_BODY >> 20} MiB", billed=True)
            if time.monotonic() > deadline:
                raise self._late()
        return b"".join(parts).decode("utf-8", "replace")

    def _late(self) -> CallError:
        return CallError(
            f"{self.name}: no reply within the time limit (--request-timeout)", retryable=True, billed=True, slow=True
        )

    def _unreachable(self, error: Exception) -> CallError:
        """No connection: to the server, or to the proxy on the way to it."""
        where = self.address.base
        if isinstance(error, httpx.ProxyError):
            where += " through the proxy of the environment"
        text = f"{self.name}: no connection to {where} ({str(error) or type(error).__name__})"
        return CallError(text, retryable=True, unreachable=True)
