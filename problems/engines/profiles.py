"""Measured kernel times of an engine, and the iterations that are composed of them.

The files are those of LLMServingSim 2.0's profiler (github.com/casys-kaist/LLMServingSim): tables of microseconds for
attention (by prefill chunk and decodes), for the other layers by tokens, and for the head by sequences.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import shown
from heuresis.problems.texts import read_text

Curve = tuple[Floats, Floats]
"""Where a layer was measured (tokens or sequences, rising), and its time there in microseconds."""

PER_LAYER: Final = {
    "layernorm": 2,
    "qkv_proj": 1,
    "qk_norm": 1,
    "rotary_emb": 1,
    "o_proj": 1,
    "gate_up_proj": 1,
    "act_fn": 1,
    "down_proj": 1,
}
"""How often a decoder layer runs each kernel; attention, once, has its own table. The norm stands before attention and
before the multilayer perceptron, but is measured once."""
ONCE: Final = ("embedding", "final_layernorm")
"""Kernels that an iteration runs once, by tokens."""
HEAD: Final = ("lm_head", "sampler")
"""Kernels that an iteration runs once, by sequences: one for each decode and one for the prefill chunk."""
OPTIONAL: Final = ("qk_norm",)
"""Kernels that not every model has."""

ATTENTION_COLUMNS: Final = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")
_LARGEST: Final = 1 << 30


class ProfileError(InstanceError):
    """A profile that cannot be read or composed; the message names the file, the line and the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What was measured, in microseconds: `attention` for each row of `shapes` (rows × `ATTENTION_COLUMNS`)."""

    shapes: NDArray[np.int64]
    attention: Floats
    dense: Mapping[str, Curve]
    head: Mapping[str, Curve]


@dataclass(frozen=True, slots=True, eq=False)
class Iterations:
    """Whole iterations, one for each row of the attention table; arrays of equal length.

    Tokens of the prefill chunk and before it, decodes, and the decodes' tokens in the KV cache; times are milliseconds.
    `by_tokens` is the part that depends on the number of tokens alone (with the head of one sequence), `rest` is
    attention and what more sequences add; NaN where tokens or sequences exceed what was measured.
    """

    prefill_tokens: Floats
    past: Floats
    decodes: Floats
    kv_tokens: Floats
    by_tokens: Floats
    rest: Floats

    @property
    def tokens(self) -> Floats:
        """Tokens of the prefill chunk and of the decodes."""
        return self.prefill_tokens + self.decodes

    @property
    def attention_work(self) -> Floats:
        """Σ chunk·(past + chunk/2), tokens²."""
        return self.prefill_tokens * (self.past + self.prefill_tokens / 2)

    @property
    def milliseconds(self) -> Floats:
        """The time of the whole iteration."""
        return self.by_tokens + self.rest


def read_profile(paths: Sequence[Path]) -> Profile:
    """Read the three tables from three CSV files, in any order, gzipped or not; which is which its columns tell.

    Raises ProfileError.
    """
    found: dict[str, tuple[Path, list[str], list[list[str]]]] = {}
    for path in paths:
        header, rows = _table(path)
        kind = _kind(header, path)
        if kind in found:
            raise ProfileError(f"{path}: a second table of {kind} beside {found[kind][0]}; give one of each")
        found[kind] = (path, header, rows)
    missing = [kind for kind in ("attention", "tokens", "sequences") if kind not in found]
    if missing:
        names = {"attention": "attention", "tokens": "layers by tokens", "sequences": "layers by sequences"}
        raise ProfileError(
            "expected three tables (attention, layers by tokens, layers by sequences), missing: "
            + ", ".join(names[kind] for kind in missing)
        )
    shapes, attention = _attention(*found["attention"])
    dense = _curves(*found["tokens"], "tokens", (*PER_LAYER, *ONCE))
    head = _curves(*found["sequences"], "sequences", HEAD)
    return Profile(shapes, attention, dense, head)


def compose(profile: Profile, layers: int) -> Iterations:
    """Put together whole iterations of a model with `layers` decoder layers: kernels one after the other.

    Between measured points times are interpolated linearly. Nothing is added that was not measured, such as the
    engine's own work between iterations.
    """
    chunk, past, decodes, kv = (profile.shapes[:, i].astype(np.float64) for i in range(4))
    sequences = decodes + (chunk > 0)
    more = _head(profile, sequences) - _head(profile, np.ones(1))
    return Iterations(
        prefill_tokens=chunk,
        past=past,
        decodes=decodes,
        kv_tokens=decodes * kv,
        by_tokens=by_tokens(profile, layers, chunk + decodes),
        rest=layers * profile.attention / 1e3 + more,
    )


def by_tokens(profile: Profile, layers: int, tokens: Floats) -> Floats:
    """Milliseconds of all kernels but attention, for one sequence; NaN beyond the tokens that were measured."""
    time = np.zeros(len(tokens))
    for name, curve in profile.dense.items():
        time += (layers * PER_LAYER[name] if name in PER_LAYER else 1) * _at(curve, tokens)
    return time / 1e3 + _head(profile, np.ones(1))


def measured_tokens(profile: Profile) -> Floats:
    """The numbers of tokens at which every layer was measured, rising."""
    common: Floats | None = None
    for places, _ in profile.dense.values():
        common = places if common is None else np.intersect1d(common, places)
    if common is None:
        raise ProfileError("no layer was measured by tokens")
    return common


def _head(profile: Profile, sequences: Floats) -> Floats:
    """Milliseconds of the head."""
    time = np.zeros(len(sequences))
    for curve in profile.head.values():
        time += _at(curve, sequences)
    return time / 1e3


def _at(curve: Curve, places: Floats) -> Floats:
    return np.interp(places, *curve, left=math.nan, right=math.nan)


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        lines = list(csv.reader(io.StringIO(read_text(path))))
    except csv.Error as error:
        raise ProfileError(f"{path}: not CSV: {error}") from error
    if not lines:
        raise ProfileError(f"{path}: the file is empty")
    for number, row in enumerate(lines[1:], start=2):
        if len(row) != len(lines[0]):
            raise ProfileError(f"{path}, line {number}: expected {len(lines[0])} fields, got {len(row)}")
    if len(lines) == 1:
        raise ProfileError(f"{path}: the table has no rows")
    return lines[0], lines[1:]


def _kind(header: Sequence[str], path: Path) -> str:
    if "time_us" in header:
        if {"layer", "tokens"} <= set(header):
            return "tokens"
        if {"layer", "sequences"} <= set(header):
            return "sequences"
        if set(ATTENTION_COLUMNS) <= set(header):
            return "attention"
    raise ProfileError(
        f"{path}, line 1: expected the columns {', '.join(ATTENTION_COLUMNS)}, time_us (attention), or layer, tokens, "
        f"time_us, or layer, sequences, time_us; got {shown(','.join(header))}"
    )


def _attention(path: Path, header: list[str], rows: list[list[str]]) -> tuple[NDArray[np.int64], Floats]:
    at = [header.index(column) for column in ATTENTION_COLUMNS]
    shapes = np.empty((len(rows), len(at)), dtype=np.int64)
    times = np.empty(len(rows))
    for i, row in enumerate(rows):
        where = f"{path}, line {i + 2}"
        shapes[i] = [_count(row[place], header[place], where) for place in at]
        times[i] = _time(row[header.index("time_us")], where)
        if shapes[i, 0] == shapes[i, 2] == 0:
            raise ProfileError(f"{where}: neither a prefill chunk nor a decode")
    return shapes, times


def _curves(
    path: Path, header: list[str], rows: list[list[str]], column: str, known: Sequence[str]
) -> dict[str, Curve]:
    found: dict[str, dict[int, float]] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number}"
        layer = row[header.index("layer")]
        if layer not in known:
            raise ProfileError(f"{where}: unknown layer {shown(layer)}; known: {', '.join(known)}")
        place = _count(row[header.index(column)], column, where)
        if place == 0 or place in found.setdefault(layer, {}):
            raise ProfileError(f"{where}: {layer} at {place} {column} " + ("twice" if place else "makes no sense"))
        found[layer][place] = _time(row[header.index("time_us")], where)
    missing = [layer for layer in known if layer not in found and layer not in OPTIONAL]
    if missing:
        raise ProfileError(f"{path}: no times of {', '.join(missing)}")
    return {
        layer: (np.array(sorted(times), dtype=np.float64), np.array([times[place] for place in sorted(times)]))
        for layer, times in found.items()
    }


def _count(text: str, column: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:11]) <= _LARGEST):
        raise ProfileError(f"{where}: {column} must be an integer of 0 to 2**30, got {shown(text)}")
    return int(text)


def _time(text: str, where: str) -> float:
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if not 0 < time < math.inf:
        raise ProfileError(f"{where}: time_us must be a positive number of microseconds, got {shown(text)}")
    return time
