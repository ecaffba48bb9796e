"""Reader of serving instances on an engine: traces of Azure, BurstGPT and Mooncake, plain CSV, the project's JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.problem import Choice, InstanceError, InstanceSet
from heuresis.problems.reading import read_text, shown
from heuresis.problems.serving.instances import LARGEST_TIME, ServingInstance, fingerprint
from heuresis.problems.serving.traces.csv_files import read_csv
from heuresis.problems.serving.traces.json_files import is_mooncake, read_mooncake, read_own
from heuresis.problems.serving.traces.trace import Trace
from heuresis.problems.serving.workloads.estimates import DEFAULT_NOISE, estimated
from heuresis.problems.serving.workloads.prefixes import engine_blocks


@dataclass(frozen=True, slots=True)
class Reading:
    """What to make of a trace. Raises ValueError where an option is not so.

    `rate` multiplies the requests per second; `per_second` sets their mean over the trace instead. Gaps between the
    calls of a program stay as they are. `limit` takes that many requests from the beginning of each instance. `noise`
    is the standard deviation of the logarithm of estimate over output length, where the file has no estimates. `slo` is
    the class of requests in files that name none, None the engine's first.
    """

    rate: float = 1.0
    per_second: float | None = None
    limit: int | None = None
    noise: float = DEFAULT_NOISE
    slo: str | None = None

    def __post_init__(self) -> None:
        for what in ("rate", "per_second"):
            value = getattr(self, what)
            if value is not None and not (0 < value < math.inf):
                raise ValueError(f"{what} must be a positive number, got {value}")
        if self.per_second is not None and self.rate != 1.0:
            raise ValueError("expected one of rate (a factor) and per_second (requests per second), got both")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be 1 or more requests, got {self.limit}")
        if not 0 <= self.noise <= 10:
            raise ValueError(f"noise must be 0 to 10, got {self.noise}")


READ = ("rate", "limit", "noise", "slo")
"""The fields of a choice that say what to make of a trace."""


def reading_of(choice: Choice) -> Reading:
    """What to make of a trace as it is asked for. Raises ValueError where an option is not so."""
    asked = {name: getattr(choice, name) for name in READ}
    return Reading(**{name: value for name, value in asked.items() if value is not None})


AS_IS = Reading()
"""All requests at the trace's own rate."""


def read(paths: Sequence[Path], engine: Engine, reading: Reading = AS_IS) -> InstanceSet:
    """Read files into one set of instances on an engine, in the order given; formats are told by content.

    Raises InstanceError that names the file, the line or field, and the reason. Prompts that do not fit the engine's
    memory are no error here: engines reject them.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    notes: list[str] = []
    instances = tuple(
        _instance(trace, engine, reading, notes) for path in paths for trace in _traces(path, reading, notes)
    )
    return InstanceSet(", ".join(path.name for path in paths), instances, fingerprint(instances), tuple(notes))


def _traces(path: Path, reading: Reading, notes: list[str]) -> Iterator[Trace]:
    text = read_text(path)
    if not text.strip():
        raise InstanceError(f"{path}: the file is empty")
    if not text.lstrip().startswith(("{", "[")):
        yield read_csv(text, path, reading.limit, notes)
    elif is_mooncake(text):
        yield read_mooncake(text, path, reading.limit, notes)
    else:
        yield from read_own(text, path, reading.limit)


def _instance(trace: Trace, engine: Engine, reading: Reading, notes: list[str]) -> ServingInstance:
    n = len(trace.arrival)
    zeros = np.zeros(n, dtype=np.int64)
    if trace.estimate is None:
        notes.append(
            f"{trace.name}: estimates are the output lengths with lognormal noise of sigma {reading.noise:g} (--noise)"
        )
    if lost := int((trace.prompt + 1 > engine.kv_tokens).sum()):
        notes.append(
            f"{trace.name}: {lost} of {n} requests are rejected: with a token of output their prompts exceed the "
            f"{engine.kv_tokens} tokens of KV memory of {engine.name}"
        )
    if trace.hashes is not None and not engine.prefix_caching:
        notes.append(
            f"{trace.name}: its blocks of prompts (hash ids) are not used, for {engine.name} has prefix_caching = false"
        )
    prefix_offsets, prefix_blocks = engine_blocks(trace.hashes, trace.hash_size, trace.prompt, engine.block_size)
    slo = zeros + _default_level(trace, engine, reading, notes) if trace.classes is None else _levels(trace, engine)
    try:
        return ServingInstance(
            name=trace.name,
            labels=trace.labels,
            engine=engine,
            arrival=_rescaled(trace, reading),
            prompt=trace.prompt,
            output=trace.output,
            estimate=estimated(trace.output, reading.noise) if trace.estimate is None else trace.estimate,
            client=zeros.copy() if trace.client is None else trace.client,
            program=np.arange(n) if trace.program is None else trace.program,
            slo=slo,
            after=zeros - 1 if trace.after is None else trace.after,
            gap=np.zeros(n) if trace.gap is None else trace.gap,
            prefix_offsets=prefix_offsets,
            prefix_blocks=prefix_blocks,
        )
    except InstanceError as error:
        raise InstanceError(f"{trace.where}: {error}") from error


def _rescaled(trace: Trace, reading: Reading) -> Floats:
    """Arrivals at the rate asked for, which is counted from the first to the last."""
    span = float(trace.arrival[-1])
    factor = reading.rate
    if reading.per_second is not None:
        if span == 0.0:
            raise InstanceError(f"all {len(trace.arrival)} requests arrive at once, so their rate cannot be set")
        factor = reading.per_second * span / (len(trace.arrival) - 1)
    if span / factor > LARGEST_TIME:
        raise InstanceError(f"at this rate the last request would arrive after {span / factor:.3g} seconds; limit 1e9")
    arrival: Floats = trace.arrival / factor
    return arrival


def _default_level(trace: Trace, engine: Engine, reading: Reading, notes: list[str]) -> int:
    """The number of the class of requests that name none, which is told."""
    names = [level.name for level in engine.slo]
    if reading.slo is not None and reading.slo not in names:
        raise InstanceError(f"{trace.where}: --slo: {engine.name} has {', '.join(names)}, got {shown(reading.slo)}")
    number = 0 if reading.slo is None else names.index(reading.slo)
    level = engine.slo[number]
    told = f"{level.name} (TTFT {level.ttft:g} s, TPOT {level.tpot:g} s)"
    others = f"; --slo names another: {', '.join(names)}" if len(names) > 1 else ""
    notes.append(f"{trace.name}: no request names a class, so all are of {told}{others}")
    return number


def _levels(trace: Trace, engine: Engine) -> Ints:
    """The numbers of service levels given by name or number."""
    known = {level.name: i for i, level in enumerate(engine.slo)}
    known |= {str(i): i for i in range(len(engine.slo)) if str(i) not in known}
    numbers = []
    for i, name in enumerate(trace.classes or ()):
        if name.strip() not in known:
            expected = ", ".join(level.name for level in engine.slo)
            raise InstanceError(f"{trace.place(i)}: slo: {engine.name} has the classes {expected}, got {shown(name)}")
        numbers.append(known[name.strip()])
    return np.array(numbers, dtype=np.int64)
