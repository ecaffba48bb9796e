"""The part of `heuresis doctor` that looks for a model's endpoint, and for the proxies on the way to it."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from heuresis.cli.errors import USAGE, UserError

TOKENS = 256
"""The limit of the reply that is asked for: enough for a short thought."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def proxies(environment: Mapping[str, str] = os.environ) -> tuple[bool | None, str]:
    """The proxies that requests to other machines go through, and whether they can be used."""
    from heuresis.evolve.errors import ProposerUnavailable
    from heuresis.evolve.models.transport import http_client

    found = {name.upper(): value for name, value in sorted(environment.items()) if name.lower() in _PROXIES and value}
    if not set(found) - {"NO_PROXY"}:
        return True, "none"
    text = ", ".join(f"{name}={_without_login(value)}" for name, value in found.items())
    try:
        http_client("doctor").close()
    except ProposerUnavailable as error:
        return False, f"{text}: {error}"
    return True, f"{text}; addresses of this machine are asked without"


def check(model: str | None, api_base: str | None) -> None:
    """Raise UserError where an address is given and no model to ask there."""
    if api_base is not None and model is None:
        raise UserError("--api-base is asked for a model: add --model openai/NAME", USAGE)


def endpoint(model: str, api_base: str | None, api_key_env: str | None) -> tuple[bool, str]:
    """What one small call of a model brings: how long it took, its tokens, and what the endpoint does not take."""
    from heuresis.evolve.model_settings import ModelSettings
    from heuresis.evolve.models.client import Message
    from heuresis.evolve.models.errors import CallError
    from heuresis.evolve.models.factory import client_for, probe

    if model.partition(":")[0] == "local":
        return True, "is started by a run; see `local model`"
    told: list[str] = []
    settings = ModelSettings(max_tokens=TOKENS, api_key_env=api_key_env)
    client = client_for(model, api_base, settings=settings, tell=told.append)
    probe(client)
    question = (Message("system", "Answer in one word."), Message("user", "Say yes."))
    try:
        reply = client.complete(question, seed=1, temperature=0.0)
    except CallError as error:
        return False, "; ".join([*told, str(error)])
    cost = f", {reply.usd:.6f} USD" if reply.usd else ""
    said = f"answered in {reply.seconds:.1f} s with {reply.tokens_in} + {reply.tokens_out} tokens{cost}"
    takes = told or ["it takes all that runs send: the role system, seed, temperature, a limit of the reply"]
    return True, "; ".join([said, *takes])


def _without_login(address: str) -> str:
    """An address of a proxy without user and password; a list of hosts as it is."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    return address.replace(urlsplit(address).netloc, host) if host else address.rpartition("@")[2]
