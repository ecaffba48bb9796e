"""Every provider that does not speak OpenAI's protocol, through litellm. Imported only where one is used."""

import os
import time
from collections.abc import Sequence
from typing import Any

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.client import Message, PricedClient, Reply
from heuresis.evolve.models.errors import CallError, translate
from heuresis.evolve.models.prices import Price


def _litellm() -> Any:
    """litellm, told to fetch nothing and to say nothing."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # read at import: no download of prices
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True  # seed and temperature where a provider has them
    return litellm


class LiteLLMClient(PricedClient):
    """A model by its litellm name, such as `anthropic/NAME`; the key comes from the provider's own variable."""

    def __init__(self, model: str, price: Price | None, *, max_tokens: int = 4_096, timeout: float = 180.0) -> None:
        super().__init__(model, price, max_tokens, timeout)
        self._litellm = _litellm()
        try:
            found = self._litellm.validate_environment(model)
            self._litellm.get_llm_provider(model)
        except self._litellm.exceptions.BadRequestError:
            raise ProposerUnavailable(
                f"litellm knows no provider for {model!r}: expected openai/NAME, anthropic/NAME, … or --api-base"
            ) from None
        missing = found.get("missing_keys") or []
        if missing and not found.get("keys_in_environment"):
            raise ProposerUnavailable(f"{model} needs an API key: set the environment variable {' or '.join(missing)}")

    def complete(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        grammar: str | None = None,  # noqa: ARG002
    ) -> Reply:
        """Call the model once. `grammar` is left out: providers behind litellm take none."""
        import openai

        started = time.monotonic()
        try:
            answer = self._litellm.completion(
                model=self.name,
                messages=[{"role": m.role, "content": m.content} for m in messages],
                seed=seed,
                temperature=temperature,
                max_tokens=self.max_tokens,
                timeout=self.timeout,
                num_retries=0,
                max_retries=0,
            )
            body = answer.model_dump()
        except openai.OpenAIError as error:
            raise translate(error, self.name) from None
        except (ValueError, KeyError, TypeError) as error:
            raise CallError(f"{self.name}: the reply cannot be read: {error}", billed=True) from None
        return self.read(body, messages, time.monotonic() - started)
