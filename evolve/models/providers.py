"""Every provider that does not speak OpenAI's protocol, through litellm. Imported only where one is used."""

import os
import re
import time
from collections.abc import Sequence
from typing import Any

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.model_settings import NO_KEY, ModelSettings
from heuresis.evolve.models.client import Message, PricedClient, Reply, ReplyLimit
from heuresis.evolve.models.completion import completion_in
from heuresis.evolve.models.errors import CallError, Refusal
from heuresis.evolve.models.keys import named_key, usable
from heuresis.evolve.models.prices import Price
from heuresis.evolve.models.transport import http_client
from heuresis.evolve.models.waiting import delay_of
from heuresis.evolve.models.words import words_in, words_of

_HERE = ("localhost", "127.0.0.1", "::1")


def _litellm() -> Any:
    """litellm, told to fetch nothing, to say nothing, and to use no proxy on this machine."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # read at import: no download of prices
    for name in ("NO_PROXY", "no_proxy"):
        known = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*known, *_HERE]))
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True  # seed and temperature where a provider has them
    return litellm


class LiteLLMClient(PricedClient):
    """A model by its litellm name, such as `anthropic/NAME`; the key comes from the provider's own variable.

    Providers that are not asked by a key alone (roles, profiles, credentials of a cloud) are left to litellm.
    """

    def __init__(
        self, model: str, price: Price | None, settings: ModelSettings, *, limit: ReplyLimit, timeout: float
    ) -> None:
        super().__init__(model, price, limit, timeout)
        http_client(model).close()  # a proxy that cannot be used is told before any call
        self._litellm, self._settings = _litellm(), settings
        self._errors: tuple[type[Exception], ...] = tuple(self._litellm.exceptions.LITELLM_EXCEPTION_TYPES)
        try:
            missing = self._litellm.validate_environment(model).get("missing_keys") or []
            self._litellm.get_llm_provider(model)
        except self._litellm.exceptions.BadRequestError:
            raise ProposerUnavailable(
                f"litellm knows no provider for {model!r}: expected openai/NAME, anthropic/NAME, … or --api-base"
            ) from None
        self._key = self._find_key(missing)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        grammar: str | None = None,  # noqa: ARG002
    ) -> Reply:
        """Call the model once. `grammar` is left out: providers behind litellm take none."""
        started = time.monotonic()
        limit = self.limit
        try:
            answer = self._litellm.completion(
                model=self.name,
                messages=[{"role": m.role, "content": m.content} for m in messages],
                seed=seed,
                temperature=temperature,
                timeout=self.timeout,
                num_retries=0,
                max_retries=0,
                **self._optional(limit),
            )
            found = completion_in(answer.model_dump())
        except self._errors as error:
            raise self._translated(error) from None
        except (ValueError, KeyError, TypeError) as error:
            raise CallError(f"{self.name}: the reply cannot be read: {error}", billed=True) from None
        usd = self.cost(messages, found.tokens_in, found.tokens_out)
        seconds = time.monotonic() - started
        return Reply(found.reply, found.tokens_in, found.tokens_out, usd, seconds, found.finish_reason, limit)

    def _optional(self, limit: int | None) -> dict[str, Any]:
        """What is only sent where it is said."""
        wanted = {
            "max_tokens": limit,
            "api_key": self._key or None,
            "reasoning_effort": self._settings.reasoning_effort,
            "extra_body": dict(self._settings.extra_body) if self._settings.extra_body else None,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def _find_key(self, missing: Sequence[str]) -> str:
        """The key, where it comes from a variable; empty where litellm finds it elsewhere."""
        asked = self._settings.api_key_env
        if asked is not None:
            return "" if asked.lower() == NO_KEY else named_key(self.name, asked)
        if missing and all(name.endswith("_API_KEY") for name in missing):
            raise ProposerUnavailable(
                f"{self.name} needs an API key: set the environment variable {' or '.join(missing)}"
            )
        return usable(f"{self.name.partition('/')[0].upper()}_API_KEY")

    def _translated(self, error: Any) -> Exception:
        """An exception of litellm (all have the shape of openai's) as CallError or ProposerUnavailable."""
        if isinstance(error, self._litellm.exceptions.Timeout):
            text = f"{self.name}: no reply within the time limit (--request-timeout)"
            return CallError(text, retryable=True, billed=True, slow=True)
        if isinstance(error, self._litellm.exceptions.APIConnectionError):
            nobody = re.search(r"refused|not known|cannot connect|resolution", str(error), re.IGNORECASE) is not None
            return CallError(f"{self.name}: {error}", retryable=True, billed=not nobody, unreachable=nobody)
        response = getattr(error, "response", None)
        words = words_in(error.body) if getattr(error, "body", None) else words_of(str(error))
        delay = None if response is None else delay_of(dict(response.headers))
        return Refusal(int(getattr(error, "status_code", None) or 500), words, delay).error(self.name)
