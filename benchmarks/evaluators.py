"""How good the rules of `smtt` are and how fast the evaluators run.

    python benchmarks/evaluators.py [gaps|speed]

Gaps are aggregate gaps in percent on the `test` split, in Markdown. Times are CPU time of this process, the least of
several repetitions; the ratio compares the same rule on the same instances in one run, after checking that the
sequences are identical.
"""

import math
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.exact import solve
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.problems.problem import Algorithm
from heuresis.problems.scoring import valued
from heuresis.problems.tardiness.instances import TardinessInstance
from heuresis.problems.tardiness.problem import PROBLEM
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)


def compiled(name: str) -> Program:
    """A baseline, compiled."""
    baseline = PROBLEM.baseline(name)
    if baseline is None:
        raise ValueError(f"no baseline named {name}")
    return compile_program(screen(baseline.source, CONTRACT.allow_list()), CONTRACT)


def gaps() -> None:
    """Print the aggregate gap of every baseline and reference by number of jobs."""
    instances = PROBLEM.splits["test"]().instances
    groups = PROBLEM.scoring.groups(instances)
    simulator = Dispatch(PROBLEM.scoring.pack(instances))
    print(f"| rule | {' | '.join(groups)} |")
    print("|---|" + "--:|" * len(groups))
    for baseline in PROBLEM.baselines:
        decisions = simulator.decide(compiled(baseline.name), NO_CONSTANTS, np.arange(len(instances)))
        replay = PROBLEM.scoring.replay(instances, decisions)
        if replay.fault:
            raise RuntimeError(replay.fault)
        values = valued(PROBLEM.scoring, instances, replay.schedules)
        print_row(baseline.name, instances, np.array(values, dtype=np.float64))
    for reference in PROBLEM.algorithms:
        solved = [_solved(reference, instance) for instance in instances]
        print_row(f"{reference.name} (not evolvable)", instances, np.array(solved, dtype=np.float64))


def _solved(reference: Algorithm, instance: TardinessInstance) -> float:
    if reference.max_size is not None and instance.size > reference.max_size:
        return math.nan
    return reference.solve(instance)


def print_row(name: str, instances: tuple[Any, ...], values: NDArray[np.float64]) -> None:
    """One row of percentages, `–` where a rule was not run."""
    optimum = np.array([i.optimum for i in instances], dtype=np.float64)
    cells = []
    for members in PROBLEM.scoring.groups(instances).values():
        gap = 100 * (values[members].sum() / optimum[members].sum() - 1)
        cells.append("–" if math.isnan(gap) else f"{gap:.2f}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def least_seconds(work: Callable[[], object], repetitions: int) -> float:
    """The least CPU time of several repetitions."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def speed() -> None:
    """Print times of dispatch and of the exact solver, and the ratio to plain Python."""
    for n in (100, 200):
        instances = [i for i in PROBLEM.splits["test"]().instances if i.size == n]
        if n == 100:
            _dispatch_speed(instances)
        times = [least_seconds(partial(solve, i.p, i.d), 2) for i in instances]
        print(
            f"exact, n = {n}: mean {1e3 * np.mean(times):.2f} ms, median {1e3 * np.median(times):.2f}, "
            f"largest {1e3 * np.max(times):.1f} ({len(instances)} instances)"
        )


def _dispatch_speed(instances: list[TardinessInstance]) -> None:
    order = np.arange(len(instances))
    simulator = Dispatch(PROBLEM.scoring.pack(instances))
    for name in ("mdd", "atc"):
        program = compiled(name)
        baseline = PROBLEM.baseline(name)
        namespace: dict[str, Any] = {}
        exec((baseline.source if baseline else "") + "\n" + PROBLEM.standalone, namespace)
        few = [list(zip(i.p.tolist(), i.d.tolist(), strict=True)) for i in instances[:20]]
        plain = _all(namespace["schedule"], few)
        _, sequences = simulator.decide(program, NO_CONSTANTS, order[:20])
        if [job for sequence in plain for job in sequence] != sequences.tolist():
            raise RuntimeError(f"{name}: compiled and plain sequences differ")
        fast = least_seconds(partial(simulator.decide, program, NO_CONSTANTS, order), 10) / len(order)
        slow = least_seconds(partial(_all, namespace["schedule"], few), 3) / len(few)
        compiling = least_seconds(partial(compiled, name), 5)
        print(
            f"{name}, n = 100: {1e3 * fast:.4f} ms compiled, {1e3 * slow:.2f} ms in plain Python: "
            f"{slow / fast:.0f} times as fast, identical sequences; compiled in {1e3 * compiling:.0f} ms"
        )


def _all(schedule: Callable[[Any], list[int]], instances: list[Any]) -> list[list[int]]:
    return [schedule(jobs) for jobs in instances]


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["speed", "gaps"]
    if not set(chosen) <= {"gaps", "speed"}:
        sys.exit(f"expected gaps or speed, got {' '.join(chosen)}")
    for word in chosen:
        {"gaps": gaps, "speed": speed}[word]()
