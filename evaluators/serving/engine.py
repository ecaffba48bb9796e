"""Engines that serve language models: memory, limits, batching, and how long an iteration takes.

Times of iterations are milliseconds here, as they are measured and published; dates and service levels are seconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

(BLOCKS, BLOCK_SIZE, MAX_SEQS, TOKEN_BUDGET, BATCHING, PREEMPTION, PREFIX_CACHING, WATERMARK, KV_BYTES, LINK,
 ADMISSION) = range(11)  # fmt: skip
"""Places in `Engine.to_array()`; the two regimes follow."""
MIXED, DECODE, ARRAY_SIZE = 11, 18, 25
"""Where the seven numbers of each regime begin in `Engine.to_array()` (order of `CONST`...), and its length."""
CONST, PREFILL, DECODES, KV, ATTENTION, EXCESS, EXCESS_FROM = range(7)
"""Places within a regime."""

LARGEST_COUNT = 1 << 30
"""Limit of blocks, block size, sequences, tokens and replicas."""
LARGEST = 1e9
"""Limit of coefficients and of service levels: no sum of them can overflow."""
LARGEST_INTEGER = 1 << 62
"""Limit of integers that stand for numbers."""
SHORTEST = 1e-6
"""The least `const` in milliseconds: a nanosecond, which a clock of seconds in float64 still sees after a week."""

_Choice = TypeVar("_Choice", bound=StrEnum)


class EngineError(ValueError):
    """An engine that cannot be; the message names the field, what was expected and what came."""


class Batching(StrEnum):
    """In which order an iteration's tokens are given out."""

    DECODE_FIRST = "decode_first"
    """Every running decode gets its token, then running prefills, then waiting requests (Sarathi-Serve)."""
    RUNNING_ORDER = "running_order"
    """The running list is walked in order of admission, prefill or not, then waiting requests (vLLM v1)."""


class Preemption(StrEnum):
    """What becomes of the KV cache of a request that is evicted."""

    RECOMPUTE = "recompute"
    """It is dropped; prompt and output so far are computed again."""
    SWAP = "swap"
    """It goes over the link to the host's memory, and comes back over it."""


class Admission(StrEnum):
    """What must fit into the free blocks beyond the watermark where a waiting request is admitted."""

    WHOLE = "whole"
    """All of its tokens so far, prompt and output, less what others hold in the prefix cache (vLLM since 2026, Vidur).

    It is a check only: blocks are taken chunk by chunk, so others may take them before.
    """
    FIRST_CHUNK = "first_chunk"
    """Its first chunk of prefill (vLLM before, or without `scheduler_reserve_full_isl`)."""


@dataclass(frozen=True, slots=True)
class IterationTime:
    """How long an iteration takes in one regime, in milliseconds.

    const + prefill·prefill_tokens + decode·decodes + kv·kv_tokens + attention·Σ chunk·(past + chunk/2)/10⁶
    + excess·max(0, tokens − excess_from), with `prefill_tokens` the tokens of all prefill chunks, `decodes` the
    requests that get an output token without a prefill chunk, `kv_tokens` the tokens in the KV cache of these, `past`
    the tokens computed before a chunk, and tokens = prefill_tokens + decodes. `const` is a nanosecond or more and
    nothing is negative, or time could stand still or run backwards: raises EngineError.
    """

    const: float
    prefill: float
    decode: float
    kv: float
    attention: float
    excess: float
    excess_from: float

    def __post_init__(self) -> None:
        for one in fields(self):
            value = _number(getattr(self, one.name), one.name)
            object.__setattr__(self, one.name, value)
            least = SHORTEST if one.name == "const" else 0.0
            if value < least:
                raise EngineError(
                    f"{one.name} must be {least:g} or more, got {value:g}: with such coefficients time could stand "
                    f"still or run backwards"
                )
            if value > LARGEST:
                raise EngineError(f"{one.name} must be at most {LARGEST:g}, got {value:g}")

    def milliseconds(
        self, prefill_tokens: float, decodes: float, kv_tokens: float = 0.0, attention_work: float = 0.0
    ) -> float:
        """The time of one iteration; `attention_work` = Σ chunk·(past + chunk/2), in tokens², not divided by 10⁶."""
        beyond = max(0.0, prefill_tokens + decodes - self.excess_from)
        return (
            self.const
            + self.prefill * prefill_tokens
            + self.decode * decodes
            + self.kv * kv_tokens
            + self.attention * attention_work / 1e6
            + self.excess * beyond
        )

    def to_tuple(self) -> tuple[float, ...]:
        """The seven numbers in the order of `CONST`, `PREFILL`, ...."""
        return (self.const, self.prefill, self.decode, self.kv, self.attention, self.excess, self.excess_from)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What a class of requests is promised: first token within `ttft`, then one each `tpot` on average, in seconds."""

    name: str
    ttft: float
    tpot: float

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise EngineError(f"slo: name must be a text, got {self.name!r}")
        for what in ("ttft", "tpot"):
            value = _number(getattr(self, what), f"slo {self.name}: {what}")
            object.__setattr__(self, what, value)
            if not 0 < value <= LARGEST:
                raise EngineError(f"slo {self.name}: {what} must be a positive number of seconds, got {value:g}")


@dataclass(frozen=True, slots=True)
class Engine:
    """One replica of an engine on its hardware with its model, and how many replicas there are.

    `blocks` of `block_size` tokens are the KV memory. A waiting request is admitted where what `admission` says fits
    and leaves the share `watermark` free, or where nothing runs. At most `max_num_seqs` requests run at a time, and an
    iteration takes at most `max_num_batched_tokens` tokens.
    `mixed` is the time of iterations with prefill, `decode` of those without. Raises EngineError where a number makes
    no sense.
    """

    name: str
    title: str
    origin: str
    blocks: int
    block_size: int
    max_num_seqs: int
    max_num_batched_tokens: int
    batching: Batching
    preemption: Preemption
    prefix_caching: bool
    watermark: float
    kv_bytes_per_token: float
    link_bytes_per_second: float
    replicas: int
    mixed: IterationTime
    decode: IterationTime
    slo: tuple[ServiceLevel, ...]
    admission: Admission = Admission.WHOLE

    def __post_init__(self) -> None:
        for what in ("name", "title", "origin"):
            if not isinstance(getattr(self, what), str) or not getattr(self, what):
                raise EngineError(f"{what} must be a text, got {getattr(self, what)!r}")
        for what in ("blocks", "block_size", "max_num_seqs", "max_num_batched_tokens", "replicas"):
            count = getattr(self, what)
            if type(count) is not int or not 1 <= count <= LARGEST_COUNT:
                raise EngineError(f"{what} must be an integer of 1 to 2**30, got {count!r}")
        if self.blocks * self.block_size > LARGEST_COUNT:
            raise EngineError(f"blocks × block_size must be at most 2**30 tokens, got {self.blocks * self.block_size}")
        if self.max_num_batched_tokens < self.max_num_seqs:
            raise EngineError(
                f"max_num_batched_tokens must be at least max_num_seqs ({self.max_num_seqs}), so that every running "
                f"request can get a token, got {self.max_num_batched_tokens}"
            )
        for what, kind in (("batching", Batching), ("preemption", Preemption), ("admission", Admission)):
            object.__setattr__(self, what, _one_of(kind, getattr(self, what), what))
        if type(self.prefix_caching) is not bool:
            raise EngineError(f"prefix_caching must be true or false, got {self.prefix_caching!r}")
        for what in ("watermark", "kv_bytes_per_token", "link_bytes_per_second"):
            object.__setattr__(self, what, _number(getattr(self, what), what))
        if not 0 <= self.watermark < 1:
            raise EngineError(
                f"watermark must be a share of 0 or more and less than 1, or it leaves no block to admit a request "
                f"into, got {self.watermark:g}"
            )
        for what, most in (("kv_bytes_per_token", 1e12), ("link_bytes_per_second", 1e18)):
            if not 1 <= getattr(self, what) <= most:
                raise EngineError(f"{what} must be 1 to {most:g}, got {getattr(self, what):g}")
        if not self.slo or len({one.name for one in self.slo}) < len(self.slo):
            raise EngineError(f"slo must hold one or more classes of different names, got {self.slo!r}")

    def to_array(self) -> NDArray[np.float64]:
        """All numbers of one replica as `float64[ARRAY_SIZE]`, read-only; places are `BLOCKS` ... `DECODE`.

        Enumerations are their members' places: 0 for `decode_first`, `recompute` and `whole`, 1 for the others.
        """
        array = np.array(
            (
                self.blocks,
                self.block_size,
                self.max_num_seqs,
                self.max_num_batched_tokens,
                list(Batching).index(self.batching),
                list(Preemption).index(self.preemption),
                self.prefix_caching,
                self.watermark,
                self.kv_bytes_per_token,
                self.link_bytes_per_second,
                list(Admission).index(self.admission),
                *self.mixed.to_tuple(),
                *self.decode.to_tuple(),
            ),
            dtype=np.float64,
        )
        array.setflags(write=False)
        return array

    @property
    def kv_tokens(self) -> int:
        """Tokens that the KV memory holds."""
        return self.blocks * self.block_size


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        raise EngineError(f"{what} must be a finite number, got {value!r}")
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise EngineError(f"{what} must be a finite number, got an integer of {value.bit_length()} bits")
    return float(value)


def _one_of(kind: type[_Choice], value: object, what: str) -> _Choice:
    known: Mapping[str, _Choice] = {one.value: one for one in kind}
    if not isinstance(value, str) or value not in known:
        raise EngineError(f"{what} must be one of {', '.join(known)}, got {value!r}")
    return known[value]
