"""The client that a model's name asks for."""

import os
from urllib.parse import urlsplit

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.client import ModelClient, is_loopback
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.errors import PriceUnknown, redact
from heuresis.evolve.models.prices import FREE, Price, is_openai, price_of


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
