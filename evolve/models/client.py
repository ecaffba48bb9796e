"""Model clients: one HTTP attempt each, to any OpenAI-compatible endpoint; other providers through litellm.

Clients do not retry: every attempt is a row in the archive (`calls.py`), so that no call goes unrecorded.
"""

import ipaddress
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from heuresis.evolve.models.errors import CallError, PriceUnknown, redact
from heuresis.evolve.models.prices import FREE, Price, is_openai, price_of
from heuresis.evolve.proposers.proposer import ProposerUnavailable

if TYPE_CHECKING:
    import openai

_OPTIONAL = ("temperature", "seed")
"""Parameters that some models refuse and that a call can do without."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. A last message of the role `assistant` is the beginning of the reply."""

    role: str  # system, user or assistant
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `usd` is what the call cost, or the most it can have cost where usage is not told."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    seconds: float = 0.0  # measured
    finish_reason: str = "stop"


class ModelClient(Protocol):
    """One model. Thread-safe."""

    name: str
    max_tokens: int  # the longest reply that is asked for

    def max_usd(self, messages: Sequence[Message]) -> float:
        """The most that one call with these messages can cost, in USD."""
        ...

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, grammar: str | None = None
    ) -> Reply:
        """Call the model once.

        Raises CallError where no reply came, ProposerUnavailable where none ever can (wrong key, unknown model).
        """
        ...


def tokens_at_most(messages: Sequence[Message]) -> int:
    """An upper bound of the tokens of a prompt: no token is shorter than one byte."""
    return sum(len(m.content.encode("utf-8", "replace")) + 16 for m in messages) + 16


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PricedClient:
    """What the clients share: a name, a price and the bound that follows from it."""

    def __init__(self, name: str, price: Price | None, max_tokens: int, timeout: float) -> None:
        self.name, self.price, self.max_tokens, self.timeout = name, price, max_tokens, timeout

    def max_usd(self, messages: Sequence[Message]) -> float:
        """The most that one call can cost; 0 where the price is unknown (then no budget in USD is accepted)."""
        return 0.0 if self.price is None else self.price.bound(tokens_at_most(messages), self.max_tokens)

    def read(self, body: Any, messages: Sequence[Message], seconds: float) -> Reply:
        """A chat completion as a Reply. Raises CallError where it is none."""
        text, finish_reason = _first_choice(body)
        usage = body.get("usage") if isinstance(body, Mapping) else None
        usage = usage if isinstance(usage, Mapping) else {}
        tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        known = tokens_in > 0 or tokens_out > 0
        usd = self.max_usd(messages)
        if self.price is not None and known:
            usd = self.price.usd(tokens_in, tokens_out)
        return Reply(text, tokens_in, tokens_out, usd, seconds, finish_reason)


class OpenAIClient(PricedClient):
    """Any endpoint that speaks OpenAI's chat completions."""

    def __init__(
        self,
        name: str,
        model: str,
        *,
        base_url: str | None,
        api_key: str,
        price: Price | None,
        max_tokens: int = 4_096,
        timeout: float = 180.0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        import openai

        super().__init__(name, price, max_tokens, timeout)
        self.model, self._extra = model, dict(extra or {})
        # OpenAI's newer models refuse the old parameter, other servers do not know the new one.
        own = base_url is None or (urlsplit(base_url).hostname or "").endswith("openai.com")
        self._length_key = "max_completion_tokens" if own else "max_tokens"
        self._refused: frozenset[str] = frozenset()
        self._client = openai.OpenAI(
            api_key=api_key,
            base_url=base_url or "https://api.openai.com/v1",
            timeout=openai.Timeout(timeout, connect=min(timeout, 10.0)),
            max_retries=0,
        )

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, grammar: str | None = None
    ) -> Reply:
        """Call the model once; optional parameters that it refuses are left out from then on."""
        import openai

        asked: dict[str, Any] = {"temperature": temperature, "seed": seed, self._length_key: self.max_tokens}
        started = time.monotonic()
        while True:
            sent = {key: value for key, value in asked.items() if key not in self._refused}
            try:
                raw = self._client.chat.completions.with_raw_response.create(
                    model=self.model,
                    messages=[{"role": m.role, "content": m.content} for m in messages],  # type: ignore[misc]
                    extra_body=self._extra | ({"grammar": grammar} if grammar else {}),
                    **sent,
                )
                body = json.loads(raw.http_response.text)
            except openai.BadRequestError as error:
                refused = next((key for key in _OPTIONAL if key in sent and key in str(error).lower()), None)
                if refused is None:
                    raise translate(error, self.name) from None
                self._refused |= {refused}
            except openai.OpenAIError as error:
                raise translate(error, self.name) from None
            except ValueError as error:
                raise CallError(f"{self.name}: the reply is not JSON: {error}", billed=True) from None
            else:
                return self.read(body, messages, time.monotonic() - started)


def _count(value: object) -> int:
    """A token count as the provider gave it; 0 for anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _first_choice(body: Any) -> tuple[str, str]:
    """Text and finish reason of a chat completion; a refusal counts as text, for the archive."""
    try:
        choice = body["choices"][0]
        message = choice["message"]
        text = message.get("content") or message.get("refusal") or ""
    except (KeyError, IndexError, TypeError, AttributeError):
        shape = redact(json.dumps(body, default=str))[:300]
        raise CallError(f"the reply is no chat completion with a choice: {shape}", billed=True) from None
    if isinstance(text, list):  # some servers answer in parts
        text = "".join(str(part.get("text", "")) for part in text if isinstance(part, Mapping))
    return str(text), str(choice.get("finish_reason") or "stop")


def translate(error: "openai.OpenAIError", name: str) -> Exception:
    """A provider's exception (litellm's derive from openai's) as CallError or ProposerUnavailable, redacted."""
    import openai

    text = redact(f"{name}: {type(error).__name__}: {error}")[:1_000]
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ProposerUnavailable(f"{text}. Check the API key in the environment and what it may use.")
    if isinstance(error, openai.NotFoundError):
        return ProposerUnavailable(f"{text}. Check the model's name (--model) and the address (--api-base).")
    if isinstance(error, openai.APITimeoutError):
        return CallError(f"{name}: no reply within the time limit", retryable=True, billed=True)
    if isinstance(error, openai.APIConnectionError):
        # by name, because versions of openai differ in the HTTP library that this comes from
        refused = type(error.__cause__).__name__ == "ConnectError"
        cause = f"{text} ({error.__cause__})"
        return CallError(cause, retryable=True, billed=not refused, unreachable=refused)
    if isinstance(error, openai.RateLimitError):
        if "insufficient_quota" in f"{error.code} {error}":
            return ProposerUnavailable(f"{text}. The account has no quota left.")
        return CallError(text, retryable=True, retry_after=_retry_after(error))
    if isinstance(error, openai.APIStatusError) and (error.status_code >= 500 or error.status_code in (408, 409)):
        return CallError(text, retryable=True, retry_after=_retry_after(error))
    return CallError(text)


def _retry_after(error: "openai.APIStatusError") -> float | None:
    """Seconds from the header Retry-After; dates and nonsense count as absent."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def client_for(
    model: str,
    api_base: str | None = None,
    *,
    price: Price | None = None,
    needs_price: bool = False,
    timeout: float = 180.0,
) -> ModelClient:
    """The client of a model named as on the command line (`openai/NAME`, a bare OpenAI name, any litellm name).

    With `api_base` the name goes to that OpenAI-compatible endpoint. `price` overrides litellm's table. Raises
    ProposerUnavailable where a key is missing and PriceUnknown where `needs_price` and there is no price.
    """
    base = api_base or (os.environ.get("OPENAI_BASE_URL") if model.startswith("openai/") else None)
    local = base is not None and is_loopback(base)
    if price is None:
        price = FREE if local else price_of(model)
    if price is None and needs_price:
        raise PriceUnknown(
            f"the price of {model} is not in litellm's table, so a budget in USD cannot be kept: "
            "limit --evaluations or --minutes instead of --budget-usd"
        )
    if base is None and not model.startswith("openai/") and not is_openai(model):
        from heuresis.evolve.models.providers import LiteLLMClient

        return LiteLLMClient(model, price, timeout=timeout)
    if base is not None and urlsplit(base).scheme not in ("http", "https"):
        raise ProposerUnavailable(f"--api-base must be an http or https address, got {redact(base)!r}")
    key = os.environ.get("OPENAI_API_KEY") or ("unused" if local else "")
    if not key:
        raise ProposerUnavailable(f"{model} needs an API key: set the environment variable OPENAI_API_KEY")
    return OpenAIClient(
        model, model.removeprefix("openai/"), base_url=base, api_key=key, price=price, timeout=timeout
    )  # fmt: skip
