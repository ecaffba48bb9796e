"""One HTTP request with a time limit for all of it, on the way that suits its address.

OpenAI's SDK sends it, through a client of httpx: proxies, the bounds of an answer and what leaves are set there,
because the SDK reads error pages without a bound and has no way to leave out what it adds itself.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import httpx
from openai import APIConnectionError, APIStatusError, Omit, OpenAI, Stream

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


class _Client(OpenAI):
    """The SDK's client without the headers that it takes from the environment (OPENAI_CUSTOM_HEADERS and others)."""

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        """None: `Transport` says what is sent."""
        return {}


class _Bounded(httpx.SyncByteStream):
    """The body of a response, decoded, and never more of it than wanted.

    It is read with a bound wherever that happens: the SDK itself reads what comes with an error status.
    """

    def __init__(self, response: httpx.Response, check: Callable[[int], None]) -> None:
        headers, stream, request = response.headers.copy(), response.stream, response.request
        self._whole = httpx.Response(response.status_code, headers=headers, stream=stream, request=request)
        self._check = check

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        with closing(self._whole):
            for part in self._whole.iter_bytes():
                size += len(part)
                self._check(size)
                yield part

    def close(self) -> None:
        """Give the connection up, or back."""
        self._whole.close()


class Transport:
    """Requests to one endpoint, by OpenAI's SDK. Thread-safe.

    Nothing is taken from the environment but proxies, and these only where the address leaves this machine. A redirect
    is not followed: neither key nor prompt goes where nobody has sent them. What was answered is not judged here.
    """

    def __init__(self, name: str, address: Address, key: str) -> None:
        self.name, self.address = name, address
        headers = {"User-Agent": "heuresis", "Accept": "application/json", "Content-Type": "application/json"}
        if key:
            headers |= {"api-key": key} if address.azure else {"Authorization": f"Bearer {key}"}
        self._http = http_client(name, headers, straight=address.loopback)
        self._http.event_hooks = {"request": [self._prepare], "response": [self._bound]}
        self._sdk = _Client(
            api_key="unused",  # `_http` has the key: the SDK takes one from the environment where none is given
            base_url=address.base,
            default_query=dict(address.query),
            max_retries=0,
            http_client=cast(Any, self._http),  # newer releases are typed for httpx2, and take httpx as well
        )

    def post(self, path: str, body: dict[str, Any], seconds: float) -> Answer:
        """Send a request and read all of the answer within so many seconds. Raises CallError."""
        content = json.dumps(body).encode()  # escapes what UTF-8 cannot say
        return self._answer(partial(self._sdk.post, self.address.base + path, content=content), seconds, billed=True)

    def get(self, url: str, seconds: float) -> Answer:
        """Look at an address. Raises CallError."""
        return self._answer(partial(self._sdk.get, url), seconds, billed=False)

    def _answer(self, send: Callable[..., Any], seconds: float, *, billed: bool) -> Answer:
        timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            response = send(cast_to=httpx.Response, options={"timeout": timeout}, stream=True, stream_cls=Stream[Any])
            return _whole(response)
        except APIStatusError as error:
            return _whole(cast(Any, error.response))
        except APIConnectionError as error:
            raise self._failed(error.__cause__ or error, billed=billed) from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise self._failed(error, billed=billed) from None

    def _prepare(self, request: httpx.Request) -> None:
        """Send the headers that were meant and no others, and count the time from here."""
        request.headers = self._http.build_request(request.method, request.url, content=request.content).headers
        request.extensions["deadline"] = time.monotonic() + request.extensions["timeout"]["read"]

    def _bound(self, response: httpx.Response) -> None:
        deadline = response.request.extensions["deadline"]

        def check(size: int) -> None:
            if size > LONGEST_BODY:
                raise CallError(f"{self.name}: the reply is longer than {LONGEST_BODY >> 20} MiB", billed=True)
            if time.monotonic() > deadline:  # also servers that only keep the connection alive
                raise self._late()

        response.stream = _Bounded(response, check)
        response.headers.pop("Content-Encoding", None)

    def _failed(self, error: BaseException, *, billed: bool) -> CallError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError | httpx.UnsupportedProtocol):
            return self._unreachable(error)
        if isinstance(error, httpx.TimeoutException):
            return self._late()
        return CallError(f"{self.name}: {type(error).__name__}: {error}", retryable=True, billed=billed)

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


def _whole(response: httpx.Response) -> Answer:
    """All that was answered; connection and body are at their end then."""
    with closing(response):
        return Answer(response.status_code, dict(response.headers), response.read().decode("utf-8", "replace"))
