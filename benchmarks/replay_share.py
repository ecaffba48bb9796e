"""What an evaluation costs on the trusted side: the share of its CPU time that goes into replaying decisions.

    python benchmarks/replay_share.py [PROBLEM:PROGRAM:SPLIT ...]

An evaluation is as a search makes it, with a second run that confirms the first. Its CPU time is that of this process
and of all it starts. Beside the replay stands what the scoring tells of schedules (`value`, `metrics`, and `cut` to
compare the two runs). The least of several repetitions is taken of each.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from heuresis.cli.programs import find_program
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.verdict import another_order
from heuresis.problems import registry
from heuresis.sandbox.limits import Limits

CASES = (
    "smtt:atc:search",
    "bin-packing:best_fit:search",
    "vector-packing:dot_product:search",
    "serving:fcfs:search",
    "serving:fcfs:select",
    "serving:srpt:select",
    "serving:srpt:test",
    "serving-router:llq:select",
    "serving-router:hra:select",
)
REPLAYS, TELLS = ("replay",), ("value", "metrics", "cut")
TICKS = os.sysconf("SC_CLK_TCK")


class Timed:
    """A scoring that counts the CPU seconds of what it does with decisions and schedules."""

    def __init__(self, scoring: Any) -> None:
        self._scoring = scoring
        self.seconds = {REPLAYS: 0.0, TELLS: 0.0}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._scoring, name)
        kinds = [kind for kind in self.seconds if name in kind]
        return self.timed(found, kinds[0]) if kinds else found

    def timed(self, function: Callable[..., Any], kind: tuple[str, ...]) -> Callable[..., Any]:
        """The same function, whose time is added to that of its kind."""

        def timed(*given: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*given)
            finally:
                self.seconds[kind] += time.thread_time() - start

        return timed


def measured(problem: str, program: str, split: str, repeat: int) -> tuple[float, float, float]:
    """CPU seconds of an evaluation, of its replay, and of what is told of schedules."""
    known = registry.get(problem)
    scoring: Any = Timed(known.scoring)
    source = find_program(program, known, None).source
    found: list[tuple[float, float, float]] = []
    with Assessor(replace(known, scoring=scoring), workers=1, limits=Limits(seconds=300.0)) as assessor:
        for number in range(repeat + 1):  # the first one warms up
            scoring.seconds = dict.fromkeys(scoring.seconds, 0.0)
            start = time.process_time() + _of_children(assessor)
            evaluation = assessor.evaluate(source, split, confirm=another_order(1, number))
            if not evaluation.ok:
                raise SystemExit(f"{problem}, {program}: {evaluation.status}: {evaluation.message}")
            whole = time.process_time() + _of_children(assessor) - start
            found.append((whole, scoring.seconds[REPLAYS], scoring.seconds[TELLS]))
    whole, replayed, told = (min(column) for column in zip(*found[1:], strict=True))
    return whole, replayed, told


def _of_children(assessor: Assessor) -> float:
    """CPU seconds of the workers, which live, and of their children, which have ended."""
    return sum(map(_of, assessor.pids()))


def _of(pid: int) -> float:
    process = Path(f"/proc/{pid}")
    children = (process / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS  # user and system time, its own and that of children that have ended
    return own + sum(_of(int(child)) for child in children)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=CASES, metavar="PROBLEM:PROGRAM:SPLIT")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    print("| problem | program | split | evaluation (CPU s) | replay | values, metrics |")
    print("|---|---|---|--:|--:|--:|")
    for case in given.cases:
        problem, program, split = case.split(":")
        whole, replayed, told = measured(problem, program, split, given.repeat)
        cells = problem, program, split, f"{whole:.3f}", f"{replayed / whole:.1%}", f"{told / whole:.1%}"
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
