"""A client of endpoints that speak OpenAI's protocol."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from heuresis.evolve.models.client import Message, PricedClient, Reply
from heuresis.evolve.models.errors import CallError, translate
from heuresis.evolve.models.prices import Price

_OPTIONAL = ("temperature", "seed")
"""Parameters that some models refuse and that a call can do without."""


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
