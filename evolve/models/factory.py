"""The client that a model's name and settings ask for, and the caller that uses it."""

import os
from collections.abc import Mapping

from heuresis.evolve.model_settings import ModelSettings
from heuresis.evolve.models.address import OPENAI, Address, address_of
from heuresis.evolve.models.calls import ATTEMPTS, Caller, Ledger
from heuresis.evolve.models.client import ModelClient, ReplyLimit
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.errors import PriceUnknown
from heuresis.evolve.models.gate import MANY, Gate, Pace
from heuresis.evolve.models.keys import key_for
from heuresis.evolve.models.prices import FREE, Output, Price, is_openai, output_of, per_million, price_of
from heuresis.evolve.telling import Tell, silent

REMOTE_SECONDS, OWN_SECONDS = 300.0, 600.0
"""Time limits of a request to a provider and to a server of one's own, where none is given."""

FIRST_TOKENS, MOST_TOKENS = 16_384, 65_536
"""The limit of a reply, thoughts included, and how far it may grow, of models that the table does not know."""

PLAIN_TOKENS, REASONING_TOKENS, LEAST_TOKENS = 8_192, 32_768, 4_096
"""The limit of a reply where there is a budget in USD: of other models, of reasoning ones, and however small it is."""

CALLS_OF_A_BUDGET = 50
"""A single call may cost no more than such a part of the budget, as far as LEAST_TOKENS let it."""

_SERVERS: Mapping[str, tuple[str, str]] = {
    "ollama": ("OLLAMA_API_BASE", "http://127.0.0.1:11434"),
    "ollama_chat": ("OLLAMA_API_BASE", "http://127.0.0.1:11434"),
    "lm_studio": ("LM_STUDIO_API_BASE", "http://127.0.0.1:1234"),
    "llamafile": ("LLAMAFILE_API_BASE", "http://127.0.0.1:8080"),
}
"""Providers that are programs on one's own machine: the variable with their address, and the default one."""


def client_for(
    model: str,
    api_base: str | None = None,
    *,
    settings: ModelSettings | None = None,
    price: Price | None = None,
    budget_usd: float | None = None,
    timeout: float | None = None,
    tell: Tell = silent,
) -> ModelClient:
    """The client of a model named as on the command line (`openai/NAME`, a bare OpenAI name, any litellm name).

    With an `api_base` the name goes to that OpenAI-compatible endpoint. Prices of the settings, or else `price`,
    override litellm's table. What is noticed about the endpoint is told once. Raises ProposerUnavailable where nothing
    can be asked, and PriceUnknown where there is a budget in USD and no price.
    """
    chosen = (settings or ModelSettings()).over(ModelSettings(api_base=api_base, request_timeout=timeout))
    provider, name = _split(model)
    base = _base(provider, name, chosen.api_base)
    address = None if base is None else address_of(base)
    local = address is not None and address.loopback
    known = _price(model, chosen, price, local=local)
    if known is None and budget_usd is not None:
        raise PriceUnknown(
            f"the price of {model} is not in litellm's table, so a budget in USD cannot be kept: "
            "give --price-in and --price-out, or limit --evaluations or --minutes instead of --budget-usd"
        )
    limit = reply_limit(chosen, None if local else output_of(model), known, budget_usd)
    own = address is not None and address.own
    seconds = chosen.request_timeout or (OWN_SECONDS if own else REMOTE_SECONDS)
    if address is None:
        from heuresis.evolve.models.providers import LiteLLMClient

        return LiteLLMClient(model, known, chosen, limit=limit, timeout=seconds)
    for note in address.notes:
        tell(note)
    return OpenAIClient(
        model,
        name,
        base_url=address,
        api_key=_key(model, provider, address, chosen),
        price=known,
        max_tokens=limit,
        timeout=seconds,
        extra=chosen.extra_body,
        reasoning_effort=chosen.reasoning_effort,
        tell=tell,
    )


def probe(client: ModelClient) -> None:
    """Look whether anything answers where a client asks, before anything slow; makes no call of the model.

    Raises ProposerUnavailable where nothing does. What litellm asks shows at its first call.
    """
    if isinstance(client, OpenAIClient):
        client.probe()


def caller_for(
    client: ModelClient, ledger: Ledger, settings: ModelSettings, *, one_slot: bool = False, tell: Tell = silent
) -> Caller:
    """Whoever asks this model on behalf of a run; with `one_slot` one request at a time where nothing else is said."""
    own = isinstance(client, OpenAIClient) and client.own
    width = settings.concurrency or (1 if one_slot else Pace(1 if own else MANY))
    return Caller(
        client,
        ledger,
        attempts=settings.attempts or ATTEMPTS,
        temperature=settings.temperature,
        gate=Gate(width),
        tell=tell,
    )


def reply_limit(
    settings: ModelSettings, output: Output | None, price: Price | None, budget_usd: float | None
) -> ReplyLimit:
    """How long replies may become: as asked, else as the endpoint has it, else what thoughts and a program need."""
    if settings.max_tokens is not None:
        return ReplyLimit.fixed(settings.max_tokens)
    if output is None:
        first, most = FIRST_TOKENS, MOST_TOKENS
    elif budget_usd is None:
        return ReplyLimit(None, output.tokens)
    else:
        first, most = REASONING_TOKENS if output.reasoning else PLAIN_TOKENS, output.tokens
    if budget_usd is not None and price is not None and (per_token := price.bound(0, 1)) > 0:
        first = min(first, max(LEAST_TOKENS, int(budget_usd / CALLS_OF_A_BUDGET / per_token)))
    return ReplyLimit(min(first, most), most)


def _split(model: str) -> tuple[str, str]:
    """Provider and name of a model; a name without a provider, or of an unknown kind, goes as it is."""
    provider, slash, name = model.partition("/")
    return (provider, name) if slash and provider in ("openai", *_SERVERS) else ("", model)


def _base(provider: str, name: str, asked: str | None) -> str | None:
    """The address that a model is asked at; None where litellm knows the way."""
    if asked and asked.strip():
        return asked
    if provider in _SERVERS:
        variable, default = _SERVERS[provider]
        return os.environ.get(variable, "").strip() or default
    of_openai = provider == "openai" or "/" not in name
    found = os.environ.get("OPENAI_BASE_URL", "").strip() if of_openai else ""
    return found or (OPENAI if provider == "openai" or is_openai(name) else None)


def _price(model: str, settings: ModelSettings, given: Price | None, *, local: bool) -> Price | None:
    """What a model costs; models on this machine cost nothing."""
    if settings.price_in is not None and settings.price_out is not None:
        return per_million(settings.price_in, settings.price_out)
    return given or (FREE if local else price_of(model))


def _key(model: str, provider: str, address: Address, settings: ModelSettings) -> str:
    """The key that goes with each request; programs on one's own machine get none without being asked."""
    if provider in _SERVERS and settings.api_key_env is None and settings.api_base is None:
        return ""
    return key_for(model, address, settings.api_key_env)
