"""Service levels that are equally hard on every engine: multiples of what a request takes that nothing disturbs."""

import math

from heuresis.evaluators.serving.engine import Engine, IterationTime, ServiceLevel

PROMPT = 2048
"""Tokens of the prompt whose undisturbed prefill the limits of the first token are multiples of."""

LEVELS = (("interactive", 5, 2), ("standard", 20, 4), ("batch", 100, 10))
"""Name, multiple of the undisturbed prefill, multiple of a usual iteration of decodes."""


def service_levels(engine: Engine) -> tuple[ServiceLevel, ...]:
    """The three classes for an engine, in seconds, rounded to two digits; what the engine's own `slo` says is ignored.

    First token: 5, 20 and 100 times the prefill of 2,048 tokens on an idle replica, in chunks of the token budget. Time
    per token: 2, 4 and 10 times an iteration of decodes with half of the sequences and half of the KV memory in use.
    Multiples of an undisturbed request's time are how Splitwise (Patel et al., ISCA 2024, table 5) sets its service
    levels.
    """
    first = prefill_seconds(engine, PROMPT)
    token = engine.decode.milliseconds(0, engine.max_num_seqs / 2, engine.kv_tokens / 2) / 1e3
    return tuple(ServiceLevel(name, _rounded(more * first), _rounded(most * token)) for name, more, most in LEVELS)


def prefill_seconds(engine: Engine, prompt: int) -> float:
    """How long an idle replica takes until the first token of a prompt of so many tokens, in seconds."""
    time, past = 0.0, 0
    while past < prompt:
        chunk = min(engine.max_num_batched_tokens, prompt - past)
        time += _chunk(engine.mixed, chunk, past)
        past += chunk
    return time / 1e3


def _chunk(mixed: IterationTime, chunk: int, past: int) -> float:
    return mixed.milliseconds(chunk, 0, 0, chunk * (past + chunk / 2))


def _rounded(seconds: float) -> float:
    """To two significant digits."""
    return round(seconds, 1 - math.floor(math.log10(seconds)))
