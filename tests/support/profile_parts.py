"""Kernel times of an invented engine whose coefficients are known, as the tables that a profiler writes."""

from collections.abc import Callable
from pathlib import Path

LAYERS = 4
TOKENS = (*range(1, 17), *range(32, 1025, 32))
CHUNKS = (16, 64, 256, 1024)
PAST = (0, 64, 1024)
DECODES = (1, 4, 16, 64, 256)
CONTEXTS = (16, 256, 4096)

SHARES = {"qkv_proj": 0.2, "o_proj": 0.1, "gate_up_proj": 0.4, "act_fn": 0.05, "down_proj": 0.15, "rotary_emb": 0.04}
"""Shares of a decoder layer's time by tokens; the rest is the norm, which runs twice and is measured once."""


def dense_us(tokens: int) -> float:
    """One decoder layer without attention: 200 µs, 0.5 µs for each token and another 1.5 beyond 128."""
    return 200.0 + 0.5 * tokens + 1.5 * max(0, tokens - 128)


def mixed_us(chunk: int, past: int, decodes: int, context: int) -> float:
    """Attention of one layer with a prefill chunk."""
    return 10.0 + 0.1 * chunk + 0.8 * decodes + 0.004 * decodes * context + 50.0 * chunk * (past + chunk / 2) / 1e6


def decode_us(decodes: int, context: int) -> float:
    """Attention of one layer without."""
    return 5.0 + 0.4 * decodes + 0.002 * decodes * context


def write(folder: Path, change: Callable[[str, list[str]], None] | None = None) -> list[Path]:
    """Write the three tables; `change(name, lines)` may alter the lines of each before."""
    tables = {
        "attention": ["prefill_chunk,kv_prefill,n_decode,kv_decode,time_us"],
        "dense": ["layer,tokens,time_us"],
        "per_sequence": ["layer,sequences,time_us"],
    }
    for n in DECODES:
        tables["attention"] += [f"0,0,{n},{kv},{decode_us(n, kv)!r}" for kv in CONTEXTS]
    for chunk in CHUNKS:
        for past in PAST:
            tables["attention"] += [f"{chunk},{past},0,0,{mixed_us(chunk, past, 0, 0)!r}"]
            tables["attention"] += [
                f"{chunk},{past},{n},{kv},{mixed_us(chunk, past, n, kv)!r}" for n in DECODES[:-1] for kv in CONTEXTS
            ]
    for layer, share in SHARES.items():
        tables["dense"] += [f"{layer},{n},{share * dense_us(n)!r}" for n in TOKENS]
    rest = 1 - sum(SHARES.values())
    tables["dense"] += [f"layernorm,{n},{rest / 2 * dense_us(n)!r}" for n in TOKENS]
    tables["dense"] += [f"{layer},{n},{100.0!r}" for layer in ("embedding", "final_layernorm") for n in TOKENS]
    tables["per_sequence"] += [f"lm_head,{n},{1000.0 + 2.0 * n!r}" for n in (1, 2, 64, 257)]
    tables["per_sequence"] += [f"sampler,{n},{50.0!r}" for n in (1, 257)]
    paths = []
    for name, lines in tables.items():
        if change is not None:
            change(name, lines)
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n")
    return paths
