"""Traces cut by time: `search` first, then `select`, then `test`, with a gap before the next one begins."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.cutting import ranges
from heuresis.problems.problem import SPLITS, InstanceError
from heuresis.problems.serving.instances import ServingInstance, chained, fingerprint
from heuresis.problems.serving.load import load, rate
from heuresis.problems.serving.traces.trace import numbered

LEAST = 20
"""Requests of a part, or nothing can be said of a percentile."""
ALIKE = 32
"""So many requests of equal lengths one after the other are the same requests."""
BLOCK = 800
"""Requests of an instance of `search`, at most, as in the splits that the problems come with: a search looks at many
programs on a few instances before it looks at all, so it wants several short ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A part of a trace: requests whose arrivals begin at 0 again, and the seconds of the trace it is from."""

    requests: ServingInstance
    begin: float
    end: float

    def told(self, split: str, fleet: Sequence[Engine]) -> str:
        """What it is, in words for people."""
        one, count = self.requests, len(self.blocks())
        arriving, share = rate(one), load(one, fleet)
        how = "all at once" if arriving is None else f"{arriving:.3g} requests/s, load {share:.2f}"
        pieces = f" in {count} blocks" if split == "search" and count > 1 else ""
        return f"{split}: {one.size:,} requests of {one.name}{pieces}, {self.begin:,.0f} s to {self.end:,.0f} s, {how}"

    def instances(self, split: str) -> Sequence[ServingInstance]:
        """What is made of it: blocks to search on, or the stretch as it is."""
        return self.blocks() if split == "search" else [self.requests]

    def blocks(self) -> Sequence[ServingInstance]:
        """The requests in pieces of equal numbers, of `BLOCK` at most, one after the other in time.

        A call that follows one of an earlier piece comes when it came in the trace.
        """
        one = self.requests
        count = math.ceil(one.size / BLOCK)
        if count == 1:
            return [one]
        pieces = enumerate(np.array_split(np.arange(one.size), count), 1)
        return [replace(part(one, numbers), name=f"{one.name}, block {place}") for place, numbers in pieces]


def by_time(traces: Sequence[ServingInstance]) -> Mapping[str, Sequence[Stretch]]:
    """Each trace in three. Raises InstanceError where a part has too few requests, or traces have some in common."""
    contents = [fingerprint([one]) for one in traces]
    for i, content in enumerate(contents):
        if content in contents[:i]:
            first = traces[contents.index(content)].name
            raise InstanceError(f"{traces[i].name} is the same trace as {first}: give it once")
    cut = [_three(one) for one in traces]
    parts = {split: [found[split] for found in cut] for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        _check_apart(one, parts[one], other, parts[other])
    return parts


def _check_apart(one: str, some: Sequence[Stretch], other: str, others: Sequence[Stretch]) -> None:
    """Raise InstanceError where a run of requests is in two parts: files that overlap would give away the test."""
    marks = [_marks(stretch.requests) for stretch in others]
    for i, stretch in enumerate(some):
        mine = _marks(stretch.requests)
        for j, theirs in enumerate(marks):
            if i != j and np.isin(mine, theirs).any():
                raise InstanceError(
                    f"{one} of {stretch.requests.name} has requests of {other} of {others[j].requests.name}: the files "
                    "overlap; give every request once"
                )


def _marks(trace: ServingInstance) -> NDArray[np.uint64]:
    """A number for each run of `ALIKE` requests, by their lengths; none for runs of requests that are all the same."""
    if trace.size < ALIKE:
        return np.zeros(0, dtype=np.uint64)
    lengths = (trace.prompt.astype(np.uint64) << np.uint64(32)) | trace.output.astype(np.uint64)
    runs = sliding_window_view(lengths, ALIKE)
    weights = np.random.default_rng(0).integers(1, 1 << 63, ALIKE, dtype=np.uint64)
    told: NDArray[np.uint64] = (runs * weights).sum(axis=1, dtype=np.uint64)[runs.min(axis=1) < runs.max(axis=1)]
    return told


def _three(trace: ServingInstance) -> Mapping[str, Stretch]:
    """The three parts of one trace.

    A part begins when the last request of the one before it would be done on an engine of its own, and has no calls of
    programs that began earlier.
    """
    done = trace.arrival + alone(trace)
    found: dict[str, Stretch] = {}
    over, begun = 0.0, np.zeros(0, dtype=np.int64)  # the time from which on, and the programs that began before
    for split, numbers in ranges(trace.size).items():
        inside = np.arange(numbers.start, numbers.stop)
        free = (trace.arrival[inside] >= over) & ~np.isin(trace.program[inside], begun)
        chosen = _with_what_they_follow(trace, inside[free])
        if len(chosen) < LEAST:
            raise InstanceError(
                f"{trace.name}: {trace.size} requests are too few to be cut by time into {', '.join(SPLITS)}: "
                f"{split} would have {len(chosen)}, expected {LEAST} or more beyond the gap in which those before it "
                "finish; give a longer trace (or a larger --limit, or a lower rate)"
            )
        found[split] = Stretch(part(trace, chosen), float(trace.arrival[chosen[0]]), float(trace.arrival[chosen[-1]]))
        over = float(done[: numbers.stop].max())
        begun = np.unique(trace.program[: numbers.stop])
    return found


def _with_what_they_follow(trace: ServingInstance, numbers: Ints) -> Ints:
    """Those of the requests that follow none, or one that is among them."""
    kept: NDArray[np.bool_] = np.zeros(trace.size + 1, dtype=np.bool_)
    kept[-1] = True  # what -1 stands for
    for i in numbers.tolist():
        kept[i] = kept[trace.after[i]]
    return np.flatnonzero(kept[:-1]).astype(np.int64)


def part(trace: ServingInstance, chosen: Ints) -> ServingInstance:
    """Some requests of a trace, ascending: arrivals from 0 on, numbers dense again.

    One that follows a request which is not among them arrives by the clock.
    """
    place = np.full(trace.size + 1, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    after = place[trace.after[chosen]]
    bounds = zip(trace.prefix_offsets[chosen].tolist(), trace.prefix_offsets[chosen + 1].tolist(), strict=True)
    offsets, blocks = chained([trace.prefix_blocks[begin:end].tolist() for begin, end in bounds])
    return replace(
        trace,
        arrival=trace.arrival[chosen] - trace.arrival[chosen[0]],
        prompt=trace.prompt[chosen],
        output=trace.output[chosen],
        estimate=trace.estimate[chosen],
        client=numbered(trace.client[chosen].tolist()),
        program=numbered(trace.program[chosen].tolist()),
        slo=trace.slo[chosen],
        after=after,
        gap=np.where(after >= 0, trace.gap[chosen], 0.0),
        prefix_offsets=offsets,
        prefix_blocks=blocks,
    )


def alone(trace: ServingInstance) -> Floats:
    """Seconds that each request takes where it has the engine for itself and finds nothing in a cache."""
    engine, prompt, output = trace.engine, trace.prompt.astype(np.float64), trace.output.astype(np.float64)
    first, later = engine.mixed, engine.decode
    passes = np.ceil(prompt / engine.max_num_batched_tokens)
    beyond = np.maximum(0.0, prompt - passes * first.excess_from)
    prefill = passes * first.const + first.prefill * prompt + first.attention * prompt**2 / 2e6 + first.excess * beyond
    each = later.const + later.decode + later.kv * (prompt + output / 2.0 - 1.0)
    seconds: Floats = (prefill + (output - 1.0) * each) / 1_000.0
    return seconds
