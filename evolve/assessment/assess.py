"""The straight line from source to evaluation: screen, sandbox, decisions, values, score.

The only place where sandbox and problems meet. Programs run on `search` in processes that hold nothing else; any
other instance set gets processes of its own, for as long as it is in use.
"""

import ast
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Evaluation, candidate_id
from heuresis.evaluators.cache import use_numba_cache
from heuresis.evaluators.language.literals import lift_literals, write_literals
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.turns import LONG, SHORT, Turns
from heuresis.evolve.assessment.verdict import Ran, Verdict, second_verdict, verdict
from heuresis.evolve.crew import Crew
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.process.wire import sanitise
from heuresis.sandbox.screen.screen import ScreenError, screen
from heuresis.sandbox.task import Array, Task

SEARCH = "search"
_LIMITS = Limits()

TUNE_PATIENCE = 6
"""Tuning may take so many times as long as one evaluation of all instances."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A program with tuned constants and its loss on the instances it was tuned on (inf, unchanged: it failed there).

    `work` counts instances simulated; `message` says why nothing was tuned, `better` whether other constants are.
    """

    source: str
    loss: float
    work: int
    message: str = ""
    better: bool = False


class Assessor:
    """Runs programs on instance sets of one problem. A context manager; thread-safe; starts no process until asked.

    `instance_sets` replaces splits of the problem by name.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        workers: int = 2,
        limits: Limits = _LIMITS,
        instance_sets: Mapping[str, InstanceSet] | None = None,
    ) -> None:
        self.problem, self.workers, self.limits = problem, workers, limits
        self._allow = problem.contract.allow_list()
        self._sets = dict(instance_sets or {})
        self._pools: dict[tuple[str, str], Pool] = {}
        self._opening = threading.RLock()
        self._visiting = threading.RLock()  # one set beside `search` is in use at a time
        self._turns = Turns(workers)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill what runs and leave no process behind; whoever waits for an evaluation gets a SandboxError."""
        self._closed = True
        with self._opening:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    @property
    def confined(self) -> bool:
        """Whether the operating system confines the programs that have run so far (seccomp, sandbox level `medium`)."""
        with self._opening:
            return all(Layer.SECCOMP not in pool.missing for pool in self._pools.values())

    def pids(self) -> list[int]:
        """The process ids of the workers that are warm."""
        with self._opening:
            return [pid for pool in self._pools.values() for pid in pool.pids()]

    def instance_set(self, where: str | InstanceSet = SEARCH) -> InstanceSet:
        """A split by name, built once; an instance set as it is."""
        if isinstance(where, InstanceSet):
            return where
        with self._opening:
            if where not in self._sets:
                self._sets[where] = self.problem.splits[where]()
            return self._sets[where]

    def evaluate(
        self,
        source: str,
        where: str | InstanceSet = SEARCH,
        *,
        run: str | None = None,
        number: int | None = None,
        confirm: np.random.Generator | None = None,
    ) -> Evaluation:
        """Evaluate one program; whatever it does becomes a status.

        With `confirm` a program that succeeds runs again in a fresh child, with the instances in an order drawn from
        it, and must decide the same (`verdict.second_verdict`). Raises SandboxError and MachineryError, which say
        nothing about the program.
        """
        instances = self.instance_set(where)
        with self._pool(instances) as pool:
            return self._evaluate(pool, source, instances, run, number, confirm)

    def evaluate_all(self, sources: Sequence[str], where: str | InstanceSet = SEARCH) -> list[Evaluation]:
        """Evaluate programs at the same time, as many as there are workers; results in the order given."""
        instances = self.instance_set(where)
        if not sources:
            return []
        with self._pool(instances, len(sources)) as pool:
            crew = Crew[Evaluation](min(len(sources), self.workers), "evaluate-all")
            try:
                futures = [crew.submit(self._evaluate, pool, source, instances) for source in sources]
                return [future.result() for future in futures]
            finally:
                crew.dismiss()

    def check(self, source: str) -> str | None:
        """What keeps a program from compiling, for people and models; None where nothing does."""
        outcome = self.run(tasks.check(source))
        return None if outcome.ok else outcome.message or str(outcome.status)

    def tune(
        self, source: str, *, seed: Sequence[int], evaluations: int, subset: NDArray[np.int64] | None = None
    ) -> Tuned:
        """Tune the constants of a program on instances of `search` (numbers in the set; None: all of them)."""
        if subset is None:
            subset = np.arange(len(self.instance_set().instances))
        try:
            source = screen(source, self._allow)
        except ScreenError as error:
            return Tuned(source, math.inf, 0, sanitise(str(error), self.limits.message_bytes))
        task = tasks.tune(source, seed, evaluations, subset)
        # Far above what it takes, so that no clock decides what is found.
        limits = replace(self.limits, seconds=TUNE_PATIENCE * self.limits.seconds)
        outcome = self.run(replace(task, limits=limits))
        if not outcome.ok:
            return Tuned(source, math.inf, 0, outcome.message or str(outcome.status))
        try:
            theta, loss, work = outcome.arrays
            better = not np.array_equal(theta, lift_literals(source)[1])
            written = write_literals(source, theta.astype(np.float64))
            return Tuned(written, float(loss[0]), int(work[0]), better=better)
        except (ValueError, IndexError) as error:  # what comes from a child is not trusted
            return Tuned(source, math.inf, 0, f"no constants came back: {error}")

    def run(self, task: Task, where: str | InstanceSet = SEARCH) -> Outcome:
        """Run any work of the engine (`tasks.py`) in a child that holds these instances.

        Evaluations go first where a worker is free, and checks too: other proposals wait for those.
        """
        rank = SHORT if task.kind in (tasks.CHECK, tasks.DECIDE) else LONG
        with self._pool(self.instance_set(where)) as pool, self._turns.turn(rank):
            return pool.run(task)

    def explain(self, source: str, where: str | InstanceSet, index: int) -> str:
        """Where a program loses on one instance of a set: a small Markdown table, or why it decides nothing there."""
        outcome = self.run(tasks.decide(source, np.array([index])), where)
        if not outcome.ok:
            return f"{outcome.status}: {outcome.message}"
        return self.problem.scoring.explain(self.instance_set(where).instances[index], outcome.arrays)

    def worst(self, evaluation: Evaluation, where: str | InstanceSet = SEARCH) -> int:
        """The number of the instance on which an evaluation loses most against its reference; failures lose most."""
        instances = self.instance_set(where).instances
        values = evaluation.values or (None,) * len(instances)
        losses = [
            math.inf if value is None else value - (instance.reference or 0.0)
            for value, instance in zip(values, instances, strict=True)
        ]
        return losses.index(max(losses))

    def _evaluate(
        self,
        pool: Pool,
        source: str,
        instances: InstanceSet,
        run: str | None = None,
        number: int | None = None,
        confirm: np.random.Generator | None = None,
    ) -> Evaluation:
        scoring, them = self.problem.scoring, instances.instances
        try:
            checked = screen(source, self._allow)
        except ScreenError as error:
            first, found = (
                Ran(Outcome(Status.REJECTED), np.arange(0)),
                Verdict(str(Status.REJECTED), sanitise(str(error), self.limits.message_bytes)),
            )
            size = 0
        else:
            first = self._ran(pool, checked, np.arange(len(them)))
            found = verdict(scoring, them, first)
            size = sum(1 for _ in ast.walk(ast.parse(checked)))
        seconds = first.outcome.seconds
        if found.ok and confirm is not None:
            again = self._ran(pool, checked, confirm.permutation(len(them)))
            found = second_verdict(scoring, them, first, again)
            seconds += again.outcome.seconds
        score = scoring.score(them, [v for v in found.values if v is not None]) if found.ok else None
        measured = self.problem.measure(them, first.outcome.arrays) if found.ok and self.problem.measure else {}
        speed = None
        if first.outcome.ok and first.outcome.run_seconds > 0:
            speed = scoring.decisions_in(them) / first.outcome.run_seconds
        return Evaluation(
            candidate=candidate_id(source),
            problem=self.problem.name,
            problem_version=self.problem.version,
            split=instances.name,
            fingerprint=instances.fingerprint,
            status=found.status,
            message=found.message,
            values=found.values,
            aggregate=None if score is None else score.aggregate,
            metrics={} if score is None else {**score.metrics, **measured},
            code_size=size,
            decisions_per_second=speed,
            seconds=seconds,
            run=run,
            number=number,
            objective=self.problem.chosen,
        )

    def _ran(self, pool: Pool, source: str, order: NDArray[np.int64]) -> Ran:
        with self._turns.turn(SHORT):
            return Ran(pool.run(tasks.decide(source, order)), order)

    @contextmanager
    def _pool(self, instances: InstanceSet, programs: int = 1) -> Iterator[Pool]:
        """The processes that hold these instances; those of a set beside `search` replace the one before."""
        if instances.name == SEARCH:
            yield self._opened(instances, self.workers, {tasks.IMPROVES: ""})
            return
        with self._visiting:
            yield self._opened(instances, min(programs, self.workers), {})

    def _opened(self, instances: InstanceSet, workers: int, options: Mapping[str, str]) -> Pool:
        key = (instances.name, instances.fingerprint)
        with self._opening:
            if self._closed:
                raise SandboxError("the assessor was closed")
            if key not in self._pools:
                if instances.name != SEARCH:
                    for other in [k for k in self._pools if k[0] != SEARCH]:
                        self._pools.pop(other).close()
                use_numba_cache()
                payload: Mapping[str, Array] = self.problem.scoring.pack(instances.instances)
                self._pools[key] = Pool(
                    tasks.ENGINE,
                    payload,
                    self._allow,
                    options={tasks.SIMULATOR: self.problem.simulator, **options},
                    workers=workers,
                    limits=self.limits,
                )
            return self._pools[key]
