"""Which key goes where: from the environment only, and never in the clear without being asked."""

import os

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.model_settings import NO_KEY
from heuresis.evolve.models.address import Address
from heuresis.evolve.models.secrecy import keep_secret, redact

OPENAI_KEY = "OPENAI_API_KEY"


def key_for(model: str, address: Address, asked: str | None) -> str:
    """The key that goes to an endpoint; empty where none does.

    `asked` is what `--api-key-env` says. Without it the key is OPENAI_API_KEY, which an endpoint on this machine can do
    without, and which goes nowhere in the clear. Raises ProposerUnavailable where that leaves nothing to do.
    """
    if asked is not None:
        return "" if asked.lower() == NO_KEY else named_key(model, asked)
    if address.plain:
        raise ProposerUnavailable(
            f"{model}: {address.base} is not encrypted, so no key is sent there without being asked: "
            f"--api-key-env {NO_KEY} goes without one, --api-key-env {OPENAI_KEY} sends that one all the same"
        )
    key = usable(OPENAI_KEY)
    if not key and not address.loopback:
        raise ProposerUnavailable(
            f"{model} needs an API key: set the environment variable {OPENAI_KEY}, or name another by --api-key-env "
            f"NAME ({NO_KEY} for an endpoint that takes no key)"
        )
    return key


def named_key(model: str, name: str) -> str:
    """The key in a variable. Raises ProposerUnavailable where there is none."""
    key = usable(name)
    if not key:
        raise ProposerUnavailable(
            f"{model} needs an API key: the environment variable {redact(name)} of --api-key-env is not set"
        )
    return key


def usable(name: str) -> str:
    """The key in a variable, without the blanks around it that copying leaves; empty where there is none.

    Raises ProposerUnavailable where it cannot be sent.
    """
    key = os.environ.get(name, "").strip()
    if not all("!" <= sign <= "~" for sign in key):
        raise ProposerUnavailable(
            f"the environment variable {name} holds no key that can be sent: expected letters, digits and signs of "
            "ASCII, got blanks, line breaks or other characters within"
        )
    keep_secret(key)
    return key
