"""The columns of traces of requests, under the names that tools write."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import shown


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its columns of arrival, prompt and output, and whether some of its requests have no answer."""

    title: str
    columns: tuple[str, str, str]
    unanswered: bool = False
    unit: str | None = None  # of its arrivals
    dated: bool = False


AZURE = Format("Azure", ("TIMESTAMP", "ContextTokens", "GeneratedTokens"), True, dated=True)
BURST_GPT = Format("BurstGPT", ("Timestamp", "Request tokens", "Response tokens"), True, "s")
MOONCAKE = Format("Mooncake", ("timestamp", "input_length", "output_length"), True, "ms")
SPLITWISE = Format("Splitwise", ("arrival_timestamp", "prompt_size", "token_size"), unit="s")
VIDUR = Format("Vidur", ("arrived_at", "num_prefill_tokens", "num_decode_tokens"), unit="s")
PLAIN = Format("a plain trace", ("arrived_at", "prefill", "decode"), unit="s")
FORMATS = (AZURE, BURST_GPT, MOONCAKE, SPLITWISE, VIDUR, PLAIN)

_NAMES: Mapping[str, tuple[str, ...]] = {
    "arrival": (
        "arrived_at", "arrival_timestamp", "arrival_time", "arrival", "request_arrived_at", "session_start_at",
        "timestamp", "created_time", "created_at", "start_time", "time", "ts",
    ),
    "prompt": (
        "prefill", "num_prefill_tokens", "request_num_prefill_tokens", "context_tokens", "request_tokens",
        "prompt_size", "input_length", "input_tokens", "prompt_tokens", "prompt_length", "prompt_len", "input_len",
        "input_toks", "num_input_tokens", "num_prompt_tokens", "prefill_tokens",
    ),
    "output": (
        "decode", "num_decode_tokens", "request_num_decode_tokens", "generated_tokens", "response_tokens",
        "token_size", "output_length", "output_tokens", "completion_tokens", "output_len", "output_toks",
        "num_output_tokens", "num_completion_tokens", "decode_tokens", "decode_left_total", "response_length",
    ),
    "estimate": ("estimate",),
    "client": ("client", "client_id", "user", "user_id", "tenant", "tenant_id"),
    "program": ("program", "program_id"),
    "session": ("session_id", "conversation_id", "session"),
    "chat": ("chat_id",),
    "parent": ("parent_chat_id",),
    "slo": ("slo",),
    "delay": ("delay", "think_time"),
    "hashes": ("hash_ids", "block_hash_ids"),
    "block": ("block_size", "hash_block_size", "prefix_block_size"),
}  # fmt: skip
_UNITS = re.compile(r"(.*?)_?(ms|msec|milliseconds|us|microseconds|ns|nanoseconds|s|sec|seconds)", re.DOTALL)
_SUFFIXES = {"msec": "ms", "milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns", "sec": "s", "seconds": "s"}
_IN_SECONDS = frozenset(
    {"arrived_at", "arrival_timestamp", "arrival_time", "arrival", "request_arrived_at", "session_start_at"}
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a table plays which part, and what the names alone tell."""

    places: Mapping[str, int]  # by part, as in `_NAMES`
    names: Mapping[str, str]
    unanswered: bool
    unit: str | None  # of arrivals; None: the names do not say
    sure: bool  # whether the unit is more than what a format usually has
    dated: bool
    ticking: bool  # whether requests of one time are to be spread until the next
    delay_unit: str | None


def columns_of(header: Sequence[str], where: str) -> Columns:
    """The columns of a trace. Raises InstanceError that says which are missing, of the format that is nearest."""
    known = _format(header)
    first = dict(zip(("arrival", "prompt", "output"), known.columns, strict=True)) if known else {}
    bare = [_bare(column)[0] for column in header]
    places: dict[str, int] = {}
    for part, others in _NAMES.items():
        names = (first[part], *others) if part in first else others
        found = [bare.index(_plain(name)) for name in names if _plain(name) in bare]
        places |= {part: found[0]} if found else {}
    missing = [part for part in ("arrival", "prompt", "output") if part not in places]
    if missing:
        raise _refused(header, where)
    called = {part: header[place] for part, place in places.items()}
    own = _bare(called.get("arrival", ""))[1]
    mooncake = known is MOONCAKE and own is None and "chat" not in called
    unit = own or (
        "s" if "chat" in called or _is_in_seconds(called.get("arrival", "")) else known.unit if known else None
    )
    return Columns(
        places=places,
        names=called,
        unanswered=known is not None and known.unanswered,
        unit=unit,
        sure=not mooncake,
        dated=known is not None and known.dated,
        ticking=known is MOONCAKE,
        delay_unit=_bare(called.get("delay", ""))[1] or ("s" if called.get("delay") == "think_time" else None),
    )


def names_any(header: Iterable[str]) -> bool:
    """Whether one of the columns is that of arrivals, prompts or outputs under a name of a format."""
    bare = {_bare(column)[0] for column in header}
    return any(_plain(name) in bare for part in ("arrival", "prompt", "output") for name in _NAMES[part])


def _format(header: Sequence[str]) -> Format | None:
    """The format whose columns these are, however they are spelled: as they stand there, before in other letters."""
    spelled = {_plain(name) for name in header}
    exact = (one for one in FORMATS if set(one.columns) <= set(header))
    return next(exact, next((one for one in FORMATS if set(map(_plain, one.columns)) <= spelled), None))


def _refused(header: Sequence[str], where: str) -> InstanceError:
    nearest = max(FORMATS, key=lambda one: len(set(one.columns) & set(header)))
    missing = [column for column in nearest.columns if column not in header]
    if len(missing) < len(nearest.columns):
        words = f"of the columns of {nearest.title} these are missing: {', '.join(missing)}"
        return InstanceError(f"{where}: {words}; got {shown(','.join(header))}")
    known = "; ".join(f"{one.title}: {','.join(one.columns)}" for one in FORMATS)
    return InstanceError(f"{where}: expected JSON or the columns of a trace ({known}), got {shown(list(header))}")


def _is_in_seconds(name: str) -> bool:
    return _plain(name) in {_plain(one) for one in _IN_SECONDS}


def _bare(name: str) -> tuple[str, str | None]:
    """A name without what separates its words, and the unit that it ends in."""
    match = _UNITS.fullmatch(re.sub(r"[\s()\[\]-]+", "_", name.strip().lower()).strip("_"))
    if match and any(_plain(match[1]) == _plain(one) for part in ("arrival", "delay") for one in _NAMES[part]):
        return _plain(match[1]), _SUFFIXES.get(match[2], match[2])
    return _plain(name), None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
