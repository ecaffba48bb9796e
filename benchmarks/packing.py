"""How fast bin packing is evaluated, against NumPy as in the literature and against C.

    python benchmarks/packing.py [instances|candidates]

`instances` prints ms per Weibull instance of 5,000 items of the split `select`, CPU time of this process, the least of
several repetitions, and ratios within this run, after checking that all ways use the same bins. `candidates` prints how
many programs a second pass screen, compilation, sandbox and scoring on the split `search`, in wall time, one worker.
"""

import ctypes
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.bin_packing.levels.simulator import Packing
from heuresis.evaluators.bin_packing.single_bins.simulator import PackingArray, PackingArrayFresh
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evolve.assessment.assess import Assessor
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.levels.problem import PROBLEM
from heuresis.problems.bin_packing.single_bins.problem import PROBLEM as ARRAY
from heuresis.problems.bin_packing.single_bins.problem import PROBLEM_FRESH
from heuresis.problems.problem import Problem
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
STEPS = (
    "(rem - item > 2) + (rem - item > 3) + (rem - item > 5) + 0.1 * (rem - item > 7) - 0.05 * (rem - item > 9) "
    "- 0.02 * (rem - item > 12) - 0.01 * (rem - item > 15) - 0.01 * (rem - item > 21)"
)
"""FunSearch's rule for OR-Library (Romera-Paredes et al. 2024), smaller is better; of equal ones the fullest bin."""

BY_LEVELS = {
    "best fit": "rem - item",
    "FunSearch's rule for OR-Library": STEPS,
    "sum of squares (reads counts)": None,  # the baseline
    "a rule that reads counts and what was seen": (
        "(2.0 * counts[rem - item] + 1.0 if rem > item else 0.0) / (1.0 + seen[rem - item]) ** 0.5 "
        "- (2.0 * counts[rem] - 1.0 if rem < cap else 0.0) / (1.0 + seen[rem]) ** 0.5 + 0.002 * (rem - item)"
    ),
}
LEAST_OF, SLOW_INSTANCES, CANDIDATES = 7, 2, 12


def source_of(name: str) -> str:
    """A program under the contract of `bin-packing`."""
    expression = BY_LEVELS[name]
    if expression is not None:
        return f"{PROBLEM.contract.main.signature}:\n    return {expression}\n"
    return baseline(PROBLEM, "sum_of_squares")


def baseline(problem: Problem, name: str) -> str:
    """The source of a baseline. Raises ValueError where there is none."""
    found = problem.baseline(name)
    if found is None:
        raise ValueError(f"{problem.name} has no baseline named {name}")
    return found.source


def compiled(problem: Problem, source: str) -> Program:
    """A program, screened and compiled."""
    return compile_program(screen(source, problem.contract.allow_list()), problem.contract)


def least_ms(work: Callable[[], object], count: int, repetitions: int = LEAST_OF) -> float:
    """The least CPU time of several repetitions, in ms for each of `count` instances."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1e3 * min(times) / count


def numpy_bins(priority: Callable[[float, NDArray[Any]], NDArray[Any]], items: NDArray[np.int64], cap: int) -> int:
    """Bins used as the evaluators of the literature count them: an array of all bins, feasible ones picked out."""
    bins = np.array([cap for _ in range(len(items))])
    for item in items:
        valid = np.nonzero((bins - item) >= 0)[0]
        bins[valid[np.argmax(priority(item, bins[valid]))]] -= item
    return int((bins != cap).sum())


def c_library(folder: str) -> ctypes.CDLL | None:
    """`packing.c`, compiled; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = Path(folder) / "packing.so"
    source = Path(__file__).with_name("packing.c")
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    loaded = ctypes.CDLL(str(library))
    for function in (loaded.best_fit, loaded.sum_of_squares):
        function.restype = ctypes.c_int64
        function.argtypes = [np.ctypeslib.ndpointer(np.int64), ctypes.c_int64, ctypes.c_int64]
    return loaded


def by_levels(instances: Sequence[PackingInstance], library: ctypes.CDLL | None) -> dict[str, float]:
    """Print a row for each rule over levels: table, counts, C; returns the times of best fit by the way."""
    simulator, order = Packing(PROBLEM.scoring.pack(instances)), np.arange(len(instances))
    bound = simulator.reference.sum()
    in_c = {"best fit": "best_fit", "sum of squares (reads counts)": "sum_of_squares"}
    times: dict[str, float] = {}
    for name in BY_LEVELS:
        program = compiled(PROBLEM, source_of(name))
        bins = round((simulator.loss(program, NO_CONSTANTS, order) + 1.0) * bound)
        tabled = all(simulator.table_pays(program, sample) for sample in simulator.samples(order))
        run = partial(simulator.loss, program, NO_CONSTANTS, order)
        bare = partial(simulator.loss, program.main, NO_CONSTANTS, order)  # nothing known of it: by counts
        found = {"counts": least_ms(bare, len(order))}
        if round((bare() + 1.0) * bound) != bins:
            raise RuntimeError(f"{name}: the ways use different numbers of bins")
        if tabled:
            found["table"] = least_ms(run, len(order))
        if library is not None and name in in_c:
            found["C"] = c_time(getattr(library, in_c[name]), instances, bins)
        print_row(name, found, bins)
        times |= found if name == "best fit" else {}
    return times


def c_time(function: Any, instances: Sequence[PackingInstance], bins: int) -> float:
    """The time of a function of `packing.c`, which must use as many bins."""
    items = [i.items.copy() for i in instances]

    def run() -> int:
        return sum(function(x, len(x), i.capacity) for x, i in zip(items, instances, strict=True))

    if run() != bins:
        raise RuntimeError(f"C uses {run()} bins, not {bins}")
    return least_ms(run, len(instances))


def by_bins(instances: Sequence[PackingInstance]) -> dict[str, float]:
    """Print a row for each rule over single bins: one fresh bin, all bins, NumPy; returns the times of best fit."""
    few, times = instances[:SLOW_INSTANCES], dict[str, float]()
    for name in ("best_fit", "funsearch_or", "funsearch_weibull"):
        source = baseline(ARRAY, name)
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        program, found = compiled(ARRAY, source), dict[str, float]()
        for way, problem, make in (("live bins", PROBLEM_FRESH, PackingArrayFresh), ("all bins", ARRAY, PackingArray)):
            simulator, order = make(problem.scoring.pack(instances)), np.arange(len(instances))
            run = partial(simulator.loss, program, NO_CONSTANTS, order)
            bins = round((run() + 1.0) * simulator.reference.sum())
            found[way] = least_ms(run, len(order), 3)
        all_at_once = PackingArray(ARRAY.scoring.pack(few))
        reached = all_at_once.loss(program, NO_CONSTANTS, np.arange(len(few)))
        run_numpy = partial(_numpy_all, namespace["priority"], few)
        if round((reached + 1.0) * all_at_once.reference.sum()) != run_numpy():
            raise RuntimeError(f"{name}: NumPy uses another number of bins")
        found["NumPy"] = least_ms(run_numpy, len(few), 1)
        print_row(f"{name} (over bins)", found, bins)
        times |= found if name == "best_fit" else {}
    return times


def _numpy_all(priority: Callable[[float, NDArray[Any]], NDArray[Any]], instances: Sequence[PackingInstance]) -> int:
    return sum(numpy_bins(priority, i.items, i.capacity) for i in instances)


COLUMNS = ("table", "counts", "live bins", "all bins", "NumPy", "C")


def print_row(name: str, times: dict[str, float], bins: int) -> None:
    """One row of the table, in ms per instance."""
    cells = [f"{times[c]:.3f}" if c in times else "–" for c in COLUMNS]
    print(f"| {name} | {' | '.join(cells)} | {bins} |", flush=True)


def instances() -> None:
    """Print ms per instance, and for best fit the ratios."""
    split = PROBLEM.splits["select"]()
    members = PROBLEM.scoring.groups(split.instances)["weibull-5k"]
    chosen = [split.instances[i] for i in members]
    print(f"ms per Weibull instance of 5,000 items ({len(chosen)} instances; NumPy: {SLOW_INSTANCES})\n")
    print(f"| rule | {' | '.join(COLUMNS)} | bins |\n|---|{'--:|' * (len(COLUMNS) + 1)}")
    with tempfile.TemporaryDirectory() as folder:
        library = c_library(folder)
        times = by_levels(chosen, library) | by_bins(chosen)
    print("\nno C compiler was found" if library is None else "", flush=True)
    for way in ("table", "counts", "live bins"):
        ratios = f"{times['NumPy'] / times[way]:.0f} times as fast as NumPy"
        ratios += f", {times[way] / times['C']:.1f} times the time of C" if "C" in times else ""
        print(f"best fit, {way}: {ratios}")


def candidates() -> None:
    """Print programs per second on the split `search`, all included, different programs each time."""
    print(f"candidates per second on the split search, one worker, {CANDIDATES} programs each, all included")
    for problem, name, source in (
        (PROBLEM, "best fit (table)", source_of("best fit")),
        (PROBLEM, "FunSearch's rule for OR-Library (table)", source_of("FunSearch's rule for OR-Library")),
        (PROBLEM, "sum of squares (counts)", baseline(PROBLEM, "sum_of_squares")),
        (PROBLEM_FRESH, "best fit (live bins)", baseline(PROBLEM_FRESH, "best_fit")),
        (PROBLEM_FRESH, "FunSearch's rule for Weibull sizes (live bins)", baseline(PROBLEM_FRESH, "funsearch_weibull")),
    ):
        with Assessor(problem, workers=1) as assessor:
            if not assessor.evaluate(source).ok:
                raise RuntimeError(f"{name} failed")
            parts, began = [0.0], time.perf_counter()
            for number in range(CANDIDATES):
                evaluation = assessor.evaluate(varied(source, number))
                if evaluation.aggregate is None or not math.isfinite(evaluation.aggregate):
                    raise RuntimeError(f"{name} failed: {evaluation.message}")
                parts.append(evaluation.seconds)
            each = (time.perf_counter() - began) / CANDIDATES
        inside = sum(parts) / CANDIDATES
        print(
            f"{problem.name}, {name}: {1 / each:.1f} a second ({1e3 * each:.0f} ms, in the sandbox {1e3 * inside:.0f})"
        )


def varied(source: str, number: int) -> str:
    """A program that is another one, and decides the same."""
    return source.replace("return ", f"return {1.0 + 2.0**-20 * (number + 1)!r} * ", 1).replace(
        "* rem - item", "* (rem - item)"
    )


if __name__ == "__main__":
    chosen_parts = sys.argv[1:] or ["instances", "candidates"]
    if not set(chosen_parts) <= {"instances", "candidates"}:
        sys.exit(f"expected instances or candidates, got {' '.join(chosen_parts)}")
    for word in chosen_parts:
        {"instances": instances, "candidates": candidates}[word]()
