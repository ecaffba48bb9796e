"""What each layer of the sandbox costs: candidates per second and processor time with it and without, and step by step.

    python benchmarks/sandbox_layers.py [--rounds 8] [--seconds 1.0]

Every round measures all configurations one after the other, so that a busy machine slows them alike; the ratios are
those of medians over the rounds.
"""

import argparse
import itertools
import os
import statistics
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sandbox import TYPICAL, rate, source

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.sandbox.layers import OS_LAYERS, Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.process import filters, isolate, kernel
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import screen
from heuresis.sandbox.task import Task

ENGINE = f"{Path(__file__).resolve().parent / 'sandbox.py'}:Bench"
CONFIGURATIONS: dict[str, frozenset[Layer]] = {
    "no layer of the operating system": OS_LAYERS,
    "namespaces": OS_LAYERS - {Layer.NAMESPACES},
    "Landlock": OS_LAYERS - {Layer.LANDLOCK},
    "seccomp": OS_LAYERS - {Layer.SECCOMP},
    "all": frozenset(),
}
CHILDREN = 100


def throughput(rounds: int, seconds: float, workers: int) -> None:
    with ExitStack() as stack:
        pools = {
            name: stack.enter_context(Pool(ENGINE, {}, CONTRACT.allow_list(), workers=workers, without=without))
            for name, without in CONFIGURATIONS.items()
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in pools}
        for _ in range(rounds):
            for name, pool in pools.items():
                found[name].append(rate(pool, itertools.repeat(Task("evaluate")), seconds))
    base = [statistics.median(column) for column in zip(*found["no layer of the operating system"], strict=True)]
    print(f"5 ms evaluation, {workers} workers{'per second':>20}{'ratio':>8}{'CPU ms each':>13}{'ratio':>8}")
    for name, values in found.items():
        speed, cost = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{name:34}{speed:12.1f}{speed / base[0]:8.2f}{cost * 1e3:13.2f}{cost / base[1]:8.2f}")


def steps() -> None:
    """Fork children of this process, which has Numba loaded and warm, and time what each of them does in order."""
    text = source(TYPICAL, 0)
    compile_program(text, CONTRACT)
    isolate.missing_layers()  # as a zygote asks before it forks
    machine = filters.architecture()
    null_fd = os.open(os.devnull, os.O_RDWR)
    mapped = isolate.mapped_bytes()

    def work(write_fd: int) -> None:
        cell = isolate.Cell(os.getppid(), write_fd, null_fd, Limits(), mapped)
        checked = ""

        def check() -> None:
            nonlocal checked
            checked = screen(text, CONTRACT.allow_list())

        actions: dict[str, Callable[[], object]] = {
            "fork": lambda: None,
            "privileges": kernel.renounce_privileges,
            "Landlock": kernel.enter_landlock,  # before the limit on descriptors
            "session, descriptors, limits": lambda: _enter(cell, {Layer.LANDLOCK, Layer.SECCOMP}),
            "first filter": lambda: _filter(machine, filters.Phase.COMPILE),
            "screen (25 lines)": check,
            "compile (25 lines)": lambda: compile_program(checked, CONTRACT),
            "second filter": lambda: _filter(machine, filters.Phase.RUN),
        }
        times = []
        for action in actions.values():
            action()
            times.append(time.perf_counter())
        os.write(isolate.RESULT_FD, struct.pack(f"{len(times)}d", *times))
        os._exit(0)

    names = ["fork", "privileges", "Landlock", "session, descriptors, limits", "first filter", "screen (25 lines)",
             "compile (25 lines)", "second filter", "end and wait"]  # fmt: skip
    taken: list[list[float]] = []
    for _ in range(CHILDREN):
        read_fd, write_fd = os.pipe()
        begin = time.perf_counter()
        child = os.fork()
        if child == 0:
            work(write_fd)
        os.close(write_fd)
        data = os.read(read_fd, 4096)
        os.waitpid(child, 0)
        end = time.perf_counter()
        os.close(read_fd)
        points = [begin, *struct.unpack(f"{len(names) - 1}d", data), end]
        taken.append([b - a for a, b in itertools.pairwise(points)])
    print(f"\n{'step of a child':44}{'median ms':>10}")
    for name, values in zip(names, zip(*taken, strict=True), strict=True):
        print(f"{name:44}{statistics.median(values) * 1e3:10.3f}")


def _enter(cell: isolate.Cell, without: set[Layer]) -> None:
    isolate.Cell(cell.zygote, cell.result_fd, cell.null_fd, cell.limits, cell.mapped, frozenset(without)).enter()


def _filter(machine: filters.Architecture | None, phase: filters.Phase) -> None:
    if machine is not None:
        kernel.add_filter(filters.assemble(machine, phase, os.getpid()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each measurement")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    throughput(options.rounds, options.seconds, options.workers)
    steps()


if __name__ == "__main__":
    main()
