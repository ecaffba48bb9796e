"""What the sandbox costs: candidates per second with a 5 ms evaluation, memory of a zygote, and what hanging costs.

    python benchmarks/sandbox.py [--seconds 5] [--workers 2]

All ratios are measured in one run. The evaluation burns 5 ms of processor time, so that a busy machine slows both
sides; the processor time of one candidate (controller, zygotes, children) hardly depends on what else the machine does.
"""

# ruff: noqa: ARG002 - what the engine protocol hands over

import argparse
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.process.isolate import children_of
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.task import Array, Task

Figure: TypeAlias = tuple[float, float]
"""Per second, and processor seconds of one."""

EVALUATION_SECONDS = 0.005
HANGING_SECONDS = 0.5
SMALL = "def priority({p}):\n    return d + {i} * p\n"
TYPICAL = """
K = {i}.5

def slack(d, p, t):
    return max(d - p - t, 0.0)

def priority({p}):
    s = slack(d, p, t)
    load = p_sum / max(n_left, 1.0)
    urgency = math.exp(-s / (K * p_mean + 1e-9))
    if s <= 0.0:
        score = -1.0 / p
    elif s < p_max:
        score = -urgency / p
        if d < d_mean:
            score *= 1.2
        else:
            score -= 0.1 * (d - d_mean) / (d_max - d_min + 1.0)
    else:
        score = s / (p + load)
    late = 0.0
    for i in range(3):
        late += max(t + i * p_mean - d, 0.0) / (i + 1.0)
    w = late / (p_sum + 1.0)
    if n_left < 4.0:
        w = w * w
    return score - 0.3 * w + 0.01 * (d + p) / (d_max + 1.0)
"""
"""About 25 lines, as a language model writes them."""


class Bench:
    """Compiles as the real worker does, then burns 5 ms."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        pass

    def warm(self) -> None:
        compile_program(source(TYPICAL, 0), CONTRACT)

    def compile(self, source: str, kind: str) -> Program:
        return compile_program(source, CONTRACT)

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        while kind == "hang":
            pass
        if kind == "evaluate":
            evaluate()
        return (np.zeros(1000, dtype=np.int32),)


def evaluate() -> None:
    """Five milliseconds of processor time."""
    end = time.thread_time() + EVALUATION_SECONDS
    while time.thread_time() < end:
        pass


def processes(pool: Pool) -> list[int]:
    """The zygotes of a pool and, where they have namespaces, their keepers."""
    return [pid for started in pool.pids() for pid in (started, *children_of(started))]


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
    return int(fields["Rss"]) / 1024, int(fields["Pss"]) / 1024


def source(template: str, number: int) -> str:
    """One of many programs that differ in a constant."""
    return template.format(p=", ".join(p.name for p in CONTRACT.main.parameters), i=number)


def processor_seconds(pool: Pool) -> float:
    """Processor time of the controller, the zygotes and the children that they have reaped."""
    ticks = 0
    for pid in processes(pool):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(f) for f in fields[11:15])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def rate(pool: Pool, tasks: Iterator[Task], seconds: float) -> tuple[float, float]:
    """Outcomes per second, with one waiting caller per worker, and processor seconds of one."""
    lock, done = threading.Lock(), itertools.count()
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                task = next(tasks)
            outcome = pool.run(task)
            if not outcome.ok:
                raise RuntimeError(f"{outcome.status}: {outcome.message}")
            next(done)

    threads = [threading.Thread(target=work) for _ in range(pool.workers)]
    begin, burnt = time.monotonic(), processor_seconds(pool)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = next(done)
    return count / (time.monotonic() - begin), (processor_seconds(pool) - burnt) / count


def unconfined(call: Callable[[int], object], seconds: float) -> tuple[float, float]:
    """Calls per second in this process, one after the other, and processor seconds of one."""
    begin, burnt = time.monotonic(), sum(os.times()[:4])
    count = 0
    while time.monotonic() < begin + seconds:
        call(count)
        count += 1
    return count / (time.monotonic() - begin), (sum(os.times()[:4]) - burnt) / count


def hanging(pool: Pool, tasks: int) -> tuple[float, float]:
    """Wall seconds of a batch in which every tenth program hangs; the ideal: the same without, plus timeouts."""
    limits = Limits(seconds=HANGING_SECONDS)

    def batch(share: int) -> float:
        kinds = itertools.chain(
            ("hang" if share and i % share == share // 2 else "evaluate" for i in range(tasks)), itertools.repeat("")
        )
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    kind = next(kinds)
                if not kind:
                    return
                pool.run(Task(kind, limits=limits))

        begin = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(pool.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - begin

    good = batch(0) * 0.9
    return batch(10), good + tasks / 10 * HANGING_SECONDS / pool.workers


def cold(number: int) -> None:
    """One candidate in a fresh interpreter, the way without a zygote."""
    code = (
        "import sys; from heuresis.evaluators.language.compile import compile_program; "
        "from heuresis.evaluators.tardiness.simulator import CONTRACT; compile_program(sys.argv[1], CONTRACT)"
    )
    subprocess.run([sys.executable, "-c", code, source(SMALL, number)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seconds, workers = options.seconds, options.workers

    compile_program(source(TYPICAL, 0), CONTRACT)
    alone = unconfined(lambda _: evaluate(), seconds)
    compiling = {
        name: unconfined(lambda i, t=text: (compile_program(source(t, i), CONTRACT), evaluate()), seconds)
        for name, text in (("small", SMALL), ("typical", TYPICAL))
    }
    fresh = unconfined(cold, seconds)
    print(f"{'':44}{'per second':>12}{'ratio':>8}{'CPU ms each':>13}{'ratio':>8}")

    def row(name: str, value: Figure, against: Figure, cores: int = 1) -> None:
        (speed, cost), (base, base_cost) = value, against
        print(f"{name:46}{speed:10.1f}{speed / base / cores:8.2f}{cost * 1e3:13.1f}{cost / base_cost:8.2f}")

    row("5 ms evaluation in this process, 1 core", alone, alone)
    begin = time.monotonic()
    with Pool(f"{Path(__file__).resolve()}:Bench", {}, CONTRACT.allow_list(), workers=workers) as pool:
        start = time.monotonic() - begin
        rss, pss = max(memory(pid) for pid in processes(pool))
        empty = rate(pool, itertools.repeat(Task("nothing")), seconds)
        plain = rate(pool, itertools.repeat(Task("evaluate")), seconds)
        row(f"sandbox, {workers} workers, nothing to do", empty, alone, workers)
        row(f"sandbox, {workers} workers, 5 ms", plain, alone, workers)
        for name, text in (("small", SMALL), ("typical", TYPICAL)):
            row(f"compile {name} + 5 ms in this process, 1 core", compiling[name], alone)
            tasks = (Task("evaluate", source(text, i)) for i in itertools.count())
            row(
                f"sandbox, {workers} workers, compile {name} + 5 ms",
                rate(pool, tasks, seconds),
                compiling[name],
                workers,
            )
        row("fresh interpreter, compile small", fresh, compiling["small"])
        wall, ideal = hanging(pool, 60)
        deaths = pool.deaths
    print(f"\none of ten programs hangs: {wall:.2f} s, ideal {ideal:.2f} s, ratio {wall / ideal:.2f}")
    print(f"zygote: RSS {rss:.0f} MiB, PSS {pss:.0f} MiB; {workers} started in {start:.2f} s; {deaths} replaced")


if __name__ == "__main__":
    main()
