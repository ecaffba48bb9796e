"""How fast replicas are simulated: requests per CPU-second, how that grows, compiling a program, the trusted replay.

    python benchmarks/serving.py [speed|replicas|growth|compile] [--trace FILE.csv[.gz]]
    python benchmarks/serving.py [speed|replicas] --against ANOTHER_CHECKOUT/src [--rounds 15]

The trace has columns `arrived_at`, `prefill`, `decode_left_total` (seconds, tokens); without one, 10,000 requests are
drawn alike. Times are CPU time of this process, the least of several repetitions. Schedules are replayed and must be
feasible. With `--against` each case of the first two runs in turns here and with the package of another checkout, each
in a process of its own, and has to give the same decisions.
"""

import argparse
import csv
import gzip
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing.simulator import Routing
from heuresis.evaluators.serving.contract import ADMIT, CONTRACT, PRIORITY
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.simulator import Serving
from heuresis.problems.engines.files import load
from heuresis.problems.routing.instances import equal
from heuresis.problems.routing.schedules import compiled as router
from heuresis.problems.routing.schedules import pack
from heuresis.problems.serving.splits import routed

NO_CONSTANTS = np.zeros(0)
ONE = np.zeros(1, dtype=np.int64)
RULES = {
    "fcfs": "arrival",
    "srpt on the estimate": "estimate - generated",
    "hrrn (reads the clock)": "-(now - arrival + 1.0) / (prompt + estimate)",
    "least served client": "client_service + 0.001 * arrival",
    "longest prefix": "-cached + 0.001 * arrival",
}
PAST_FUTURE = f"{ADMIT.signature}:\n    return -1.0 if peak > total_blocks else 0.0\n"


@dataclass(frozen=True, slots=True)
class Trace:
    """Arrivals in seconds, tokens of prompts and outputs, and chains of prefix blocks where there are any."""

    arrival: NDArray[np.float64]
    prompt: NDArray[np.int64]
    output: NDArray[np.int64]
    chains: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None


def drawn(n: int, rate: float, seed: int = 0) -> Trace:
    """Poisson arrivals, log-normal lengths."""
    rng = np.random.default_rng(seed)
    prompt = np.clip(np.exp(rng.normal(6.63, 0.99, n)), 1, 16_000).astype(np.int64)
    output = np.clip(np.exp(rng.normal(4.9, 0.9, n)), 1, 2_000).astype(np.int64)
    return Trace(np.cumsum(rng.exponential(1 / rate, n)), prompt, output)


def read(path: Path) -> Trace:
    """A trace from a CSV file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = list(csv.DictReader(text.splitlines()))
    lengths = (np.array([int(float(r[c])) for r in rows]) for c in ("prefill", "decode_left_total"))
    return Trace(np.array([float(r["arrived_at"]) for r in rows]), *lengths)


def shared(trace: Trace, size: int, groups: int = 50) -> Trace:
    """The same where each prompt begins with one of some system prompts of up to 512 tokens."""
    rng = np.random.default_rng(1)
    which, links = rng.integers(0, groups, len(trace.prompt)), 512 // size
    counts = np.minimum(trace.prompt // size, links)
    blocks = np.concatenate([g * links + np.arange(c) for g, c in zip(which, counts, strict=True)])
    dense = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
    return replace(trace, chains=(np.concatenate(([0], np.cumsum(counts))), dense))


def simulator(on: Engine, trace: Trace) -> Serving:
    """The simulator of one trace, with estimates off by a factor of up to two."""
    n = len(trace.arrival)
    zero = np.zeros(n, dtype=np.int64)
    at, blocks = trace.chains or (np.zeros(n + 1), zero[:0])
    noise = np.exp(np.random.default_rng(2).uniform(-0.7, 0.7, n))
    payload: dict[str, Any] = {
        "arrival": trace.arrival, "prompt": trace.prompt, "output": trace.output, "estimate": trace.output * noise,
        "client": np.arange(n) % 20, "program": np.arange(n), "slo": zero, "after": zero - 1, "gap": np.zeros(n),
        "prefix_offsets": at, "prefix_blocks": blocks, "offsets": np.array([0, n]), "engine": on.to_array()[None],
        "reference": np.ones(1), "objective": ONE, "slo_ttft": np.array([s.ttft for s in on.slo]),
        "slo_tpot": np.array([s.tpot for s in on.slo]), "slo_offsets": np.array([0, len(on.slo)]),
    }  # fmt: skip
    return Serving(payload)


def compiled(rule: str, rest: str = "") -> Program:
    """A scheduler of one expression."""
    return compile_program(f"{PRIORITY.signature}:\n    return {rule}\n{rest}", CONTRACT)


def least_seconds(work: Callable[[], object], repetitions: int = 5) -> float:
    """The least CPU time of several repetitions."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure(label: str, on: Engine, trace: Trace, program: Program, repetitions: int = 5) -> None:
    """Print one row: requests per CPU-second, iterations, evictions, hits, the replay's share."""
    built, n = simulator(on, trace), len(trace.arrival)
    decisions = built.decide(program, NO_CONSTANTS, ONE)
    served = built.served(ONE, decisions)
    if served.faults.any():
        raise RuntimeError(f"{label}: the schedule is not feasible")
    simulating = least_seconds(partial(built.decide, program, NO_CONSTANTS, ONE), repetitions)
    replaying = least_seconds(partial(built.served, ONE, decisions), repetitions)
    rows = built.timeline(0, decisions[2])
    hits = served.cached.sum() / trace.prompt.sum()
    print(
        f"| {label} | {n:,} | {n / simulating:,.0f} | {len(rows):,} | {1e9 * simulating / len(rows):.0f} | "
        f"{rows[:, 1].max():.0f} | {served.restarts.sum():,} | {hits:.0%} | "
        f"{replaying / (simulating + replaying):.0%} |",
        flush=True,
    )


HEAD = (
    "| case | requests | requests per CPU-second | iterations | ns each | longest queue | evictions | prefix hits | "
    "replay's share |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One replica under a scheduler; `repetitions` are fewer where a run takes long."""

    label: str
    on: Engine
    trace: Trace
    program: Program
    repetitions: int = 5


def cases(trace: Trace) -> Iterator[Case]:
    """The engine of the A30 under static and changing priorities, overload, evictions, a prefix cache."""
    on = load("a30-qwen2-7b")
    for name, rule in RULES.items():
        if name != "longest prefix":
            yield Case(name, on, trace, compiled(rule))
    yield Case("Past-Future admission", on, trace, compiled("arrival", PAST_FUTURE))
    rushed = replace(trace, arrival=trace.arrival / 1.3)
    yield Case("fcfs at 1.3 times the rate", on, rushed, compiled("arrival"))
    yield Case("hrrn at 1.3 times the rate", on, rushed, compiled(RULES["hrrn (reads the clock)"]), 2)
    tight = replace(on, blocks=2_000)
    yield Case("fcfs, 2,000 blocks: evictions", tight, trace, compiled("arrival"))
    yield Case("the same, last come first served", tight, trace, compiled("-arrival"))
    walking = replace(tight, batching="running_order")
    yield Case("the same in the order of admission", walking, trace, compiled("arrival"))
    cached, with_prefixes = replace(on, prefix_caching=True), shared(trace, on.block_size)
    yield Case("fcfs, prefix cache, nothing shared", cached, trace, compiled("arrival"))
    yield Case("fcfs, prefix cache", cached, with_prefixes, compiled("arrival"))
    yield Case("longest prefix first, prefix cache", cached, with_prefixes, compiled(RULES["longest prefix"]))


def speed(trace: Trace) -> None:
    """One replica, case by case."""
    print(HEAD)
    for case in cases(trace):
        measure(case.label, case.on, case.trace, case.program, case.repetitions)


ROUTERS = ("round_robin", "llq", "prefix_affinity", "hra", "hold_shortest_prompt_llq", "llumnix")


def routing() -> tuple[Routing, int, int]:
    """10,000 requests in Glia's setting; how many requests and replicas these are."""
    instance = equal(routed(load("a10-llama-3-8b"), 10_000, 0))
    return Routing(pack([instance])), instance.size, len(instance.fleet)


def replicas(_: Trace) -> None:
    """Four replicas behind a router."""
    built, n, fleet = routing()
    print("| router | replicas | requests | requests per CPU-second | evictions | replay's share |")
    print("|---|--:|--:|--:|--:|--:|")
    for rule in ROUTERS:
        program = router(rule)
        decisions = built.decide(program, NO_CONSTANTS, ONE)
        found = built.routed(ONE, decisions)[0][0]
        if found is None:
            raise RuntimeError(f"{rule}: the decisions are not feasible")
        simulating = least_seconds(partial(built.decide, program, NO_CONSTANTS, ONE), 3)
        replaying = least_seconds(partial(built.routed, ONE, decisions), 3)
        print(
            f"| {rule} | {fleet} | {n:,} | {n / simulating:,.0f} | {found.restarts.sum():,} | "
            f"{replaying / (simulating + replaying):.0%} |",
            flush=True,
        )


def answer(what: list[str], trace: Trace) -> None:
    """For `against`: name the cases, then time the one whose number comes in, again and again."""
    works: list[tuple[str, Callable[[], Any], Callable[[Any], object]]] = []
    if "speed" in what:
        for case in cases(trace):
            built = simulator(case.on, case.trace)
            decide = partial(built.decide, case.program, NO_CONSTANTS, ONE)
            works.append((case.label, decide, partial(built.served, ONE)))
    if "replicas" in what:
        fleet = routing()[0]
        works += [
            (rule, partial(fleet.decide, router(rule), NO_CONSTANTS, ONE), partial(fleet.routed, ONE))
            for rule in ROUTERS
        ]
    print(*(label for label, _, _ in works), sep="\t", flush=True)
    for line in sys.stdin:
        _, decide, replay = works[int(line)]
        start = time.process_time()
        decisions = decide()
        middle = time.process_time()
        replay(decisions)
        end = time.process_time()
        mark = sha256(b"".join(column.tobytes() for column in decisions)).hexdigest()
        print(middle - start, end - middle, mark, sep="\t", flush=True)


class Side:
    """A process that runs the cases with the package of one checkout."""

    def __init__(self, source: Path, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments, "--answer"],
            env=os.environ | {"PYTHONPATH": str(source)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.labels = self._read()

    def run(self, case: int) -> list[str]:
        """Seconds to decide and to replay, and a mark of the decisions."""
        assert self._process.stdin is not None
        print(case, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark has ended; see above")
        return line.rstrip("\n").split("\t")


def against(other: Path, arguments: list[str], rounds: int) -> None:
    """Time every case here and there in turns; raise RuntimeError where decisions differ."""
    here, there = Side(Path(__file__).parents[1] / "src", arguments), Side(other, arguments)
    print("| case | there: ms | here: ms | least, here / there | median, here / there | replay, least |")
    print("|---|--:|--:|--:|--:|--:|")
    for number, label in enumerate(here.labels):
        times: list[list[list[float]]] = [[], []]
        for turn in range(rounds + 1):
            marks = set()
            for side in (0, 1) if turn % 2 else (1, 0):
                *seconds, mark = (there, here)[side].run(number)
                times[side].append([float(x) for x in seconds])
                marks.add(mark)
            if len(marks) > 1:
                raise RuntimeError(f"{label}: the decisions are not the same")
        (old, old_replay), (new, new_replay) = (zip(*some[1:], strict=True) for some in times)
        ratios = [a / b for a, b in zip(new, old, strict=True)]
        print(
            f"| {label} | {1e3 * min(old):.2f} | {1e3 * min(new):.2f} | {min(new) / min(old):.3f} | "
            f"{statistics.median(ratios):.3f} | {min(new_replay) / min(old_replay):.3f} |",
            flush=True,
        )


def growth(_: Trace) -> None:
    """Time by the number of requests at a load that the engine bears, and by the length of the queue."""
    on = load("a30-qwen2-7b")
    print(HEAD)
    for n in (1_000, 10_000, 100_000, 1_000_000):
        measure("fcfs", on, drawn(n, 2.5), compiled("arrival"), 2 if n > 100_000 else 3)
    for n in (1_000, 10_000, 100_000, 1_000_000):
        measure("fcfs, all at once", on, drawn(n, 1e9), compiled("arrival"), 2 if n > 100_000 else 3)
    for n in (1_000, 10_000, 30_000):
        measure("hrrn, all at once", on, drawn(n, 1e9), compiled(RULES["hrrn (reads the clock)"]), 1)


def compiling(_: Trace) -> None:
    """Time to compile one program."""
    for name, rule in RULES.items():
        print(f"{name}: {1e3 * least_seconds(partial(compiled, rule)):.0f} ms")
    print(f"with an `admit` of its own: {1e3 * least_seconds(partial(compiled, 'arrival', PAST_FUTURE)):.0f} ms")


PARTS = {"speed": speed, "replicas": replicas, "growth": growth, "compile": compiling}


def main() -> None:
    """Run what was asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", metavar="|".join(PARTS))
    parser.add_argument("--trace", type=Path)
    parser.add_argument("--against", type=Path, metavar="SRC", help="the folder that holds the other package")
    parser.add_argument("--rounds", type=int, default=15, help="how often each case is run on either side")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := [what for what in given.what if what not in PARTS]:
        parser.error(f"expected {', '.join(PARTS)}, got {', '.join(unknown)}")
    if given.against is not None:
        what = given.what or ["speed", "replicas"]
        trace_file = [] if given.trace is None else ["--trace", str(given.trace)]
        against(given.against, [*what, *trace_file], given.rounds)
        return
    trace = read(given.trace) if given.trace else drawn(10_000, 3.1)
    if given.answer:
        answer(given.what, trace)
        return
    for what in given.what or PARTS:
        PARTS[what](trace)


if __name__ == "__main__":
    main()
