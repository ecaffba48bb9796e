"""An engine as the text of a TOML file, every key with a comment."""

import json
from collections.abc import Mapping
from typing import Final

from heuresis.evaluators.serving.engine import Engine, IterationTime

_WIDTH: Final = 110

_PARTS: Final = (
    (
        "Memory: blocks of the KV cache, tokens in each; new requests leave this share of the blocks free.",
        ("blocks", "block_size", "watermark"),
    ),
    (
        "What must fit beyond it: whole, all tokens of a waiting request so far; first_chunk, its first chunk alone.",
        ("admission",),
    ),
    (
        "Limits of an iteration: requests that run at a time, tokens of prefill chunks and decodes together.",
        ("max_num_seqs", "max_num_batched_tokens"),
    ),
    (
        "decode_first: every running decode gets its token before prefills do; running_order: in order of admission.",
        ("batching",),
    ),
    (
        "An evicted request's KV cache: recompute drops it, swap sends it over the link and back.",
        ("preemption",),
    ),
    ("Whether equal prefixes of prompts share their blocks.", ("prefix_caching",)),
    (
        "Bytes of a token's keys and values in all layers; bytes per second of the link that they are sent over.",
        ("kv_bytes_per_token", "link_bytes_per_second"),
    ),
    ("Equal replicas behind a router.", ("replicas",)),
)
_COEFFICIENTS: Final[Mapping[str, str]] = {
    "const": "each iteration: the weights are read once",
    "prefill": "each token of a prefill chunk",
    "decode": "each request that decodes",
    "kv": "each token in the KV cache of these",
    "attention": "each 10⁶ of Σ chunk·(past + chunk/2)",
    "excess": "each token beyond `excess_from`, prefill or decode",
    "excess_from": "",
}


def to_toml(engine: Engine) -> str:
    """The text of a file that `engines.load` reads as this engine (its name is the file's)."""
    lines = [f"title = {_text(engine.title)}", f"origin = {_long(engine.origin)}"]
    for comment, keys in _PARTS:
        lines += ["", f"# {comment}"]
        lines += [f"{key} = {_value(getattr(engine, key))}" for key in keys]
    lines += [
        "",
        "# Milliseconds of an iteration with prefill chunks.",
        "[mixed]",
        *_regime(engine.mixed, prefill=True),
    ]
    lines += ["", "# Milliseconds of an iteration of decodes only.", "[decode]", *_regime(engine.decode, prefill=False)]
    lines += ["", "# Service levels in seconds: first token, then time per token."]
    for level in engine.slo:
        lines += ["[[slo]]", f"name = {_text(level.name)}", f"ttft = {level.ttft!r}", f"tpot = {level.tpot!r}", ""]
    return "\n".join(lines)


def _regime(time: IterationTime, *, prefill: bool) -> list[str]:
    keys = [key for key in _COEFFICIENTS if prefill or key not in {"prefill", "attention"}]
    lines = [f"{key} = {getattr(time, key)!r}" for key in keys]
    width = max(len(line) for line in lines) + 2
    noted = zip(lines, keys, strict=True)
    return [f"{line:{width}}# {_COEFFICIENTS[key]}" if _COEFFICIENTS[key] else line for line, key in noted]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _long(text: str) -> str:
    """A string over several lines, each ended by a backslash, after which line break and indent are no part of it."""
    if text.startswith(" "):  # it would be taken for an indent
        return _text(text)
    lines = [""]
    for word in _text(text)[1:-1].split(" "):
        if len(lines[-1]) + len(word) > _WIDTH and word:
            lines.append("")
        lines[-1] += word + " "
    return '"""\\\n' + "\\\n".join(lines)[:-1] + '"""'
