"""The straight line from source to evaluation: screen, sandbox, decisions, one trusted replay, values, score.

With `pools.py` the only place where sandbox and problems meet.
"""

import ast
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Evaluation, candidate_id
from heuresis.evaluators.language.literals import lift_literals, write_literals
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.bounding import Bounding, under
from heuresis.evolve.assessment.pools import SEARCH, Pools
from heuresis.evolve.assessment.turns import LONG, SHORT, Turns
from heuresis.evolve.assessment.verdict import Ran, Verdict, second_verdict, verdict
from heuresis.evolve.crew import Crew
from heuresis.problems.constraints import Bounds
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.problems.scoring import Replay, valued
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.process.wire import sanitise
from heuresis.sandbox.screen.screen import ScreenError, screen
from heuresis.sandbox.task import Task

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
        self._building = threading.RLock()
        self._pools = Pools(problem, workers, limits)
        self._turns = Turns(workers)
        self._bounding = Bounding(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill what runs and leave no process behind; whoever waits for an evaluation gets a SandboxError."""
        self._pools.close()

    @property
    def confined(self) -> bool:
        """Whether the operating system confines the programs that have run so far (seccomp, sandbox level `medium`)."""
        return self._pools.confined

    def pids(self) -> list[int]:
        """The process ids of the workers that are warm."""
        return self._pools.pids()

    def instance_set(self, where: str | InstanceSet = SEARCH) -> InstanceSet:
        """A split by name, built once; an instance set as it is."""
        if isinstance(where, InstanceSet):
            return where
        with self._building:
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
        it, and must decide the same (`verdict.second_verdict`). Under constraints the aggregate of one that violates
        them is worsened (`constraints.judged`). Raises SandboxError and MachineryError, which say nothing about the
        program, and what `Bounding.on` raises.
        """
        instances = self.instance_set(where)
        with self._pools.holding(instances) as pool:
            bounds = self._bounds(pool, instances)
            return under(self._evaluate(pool, source, instances, run, number, confirm), bounds)

    def warm(self) -> None:
        """Start the processes that search, if need be, and wait until their simulator is compiled."""
        with self._pools.holding(self.instance_set()):
            pass

    def evaluate_all(
        self, sources: Sequence[str], where: str | InstanceSet = SEARCH, done: Callable[[], None] | None = None
    ) -> list[Evaluation]:
        """Evaluate programs at the same time, as many as there are workers; results in the order given.

        `done` is called after each of them.
        """
        instances = self.instance_set(where)
        if not sources:
            return []
        with self._pools.holding(instances, len(sources)) as pool:
            bounds = self._bounds(pool, instances)
            crew = Crew[Evaluation](min(len(sources), self.workers), "evaluate-all")
            try:
                futures = [crew.submit(self._evaluate, pool, source, instances) for source in sources]
                return [under(_after(future, done), bounds) for future in futures]
            finally:
                crew.dismiss()

    def check(self, source: str) -> str | None:
        """What keeps a program from compiling, for people and models; None where nothing does.

        By design a model's program is compiled three times: here, so that the model gets to see the message; in the
        run that is scored; and in the second one that confirms it. Each time in a fresh child, for no machine code that
        a program had to do with is ever used again.
        """
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
        with self._pools.holding(self.instance_set(where)) as pool, self._turns.turn(rank):
            return pool.run(task)

    def schedule(self, source: str, where: str | InstanceSet, index: int) -> Replay:
        """What a program does on one instance of a set: its schedule, or why there is none.

        Raises MachineryError where the schedule's value lies below a proven bound.
        """
        outcome = self.run(tasks.decide(source, np.array([index])), where)
        if not outcome.ok:
            return Replay((None,), f"{outcome.status}: {outcome.message}")
        scoring, instance = self.problem.scoring, self.instance_set(where).instances[index]
        found = scoring.replay([instance], outcome.arrays)
        valued(scoring, [instance], found.schedules)
        return found

    def explain(self, source: str, where: str | InstanceSet, index: int) -> str:
        """Where a program loses on one instance of a set: a small Markdown table, or why it decides nothing there."""
        found = self.schedule(source, where, index)
        if found.schedules[0] is None:
            return found.fault
        return self.problem.scoring.explain(self.instance_set(where).instances[index], found.schedules[0])

    def worst(self, evaluation: Evaluation, where: str | InstanceSet = SEARCH) -> int:
        """The number of the instance on which an evaluation loses most, as the scoring says."""
        instances = self.instance_set(where).instances
        return self.problem.scoring.worst(instances, evaluation.values or (None,) * len(instances))

    def _bounds(self, pool: Pool, instances: InstanceSet) -> Bounds:
        """Where the bounds of the problem's constraints lie on these instances."""
        return self._bounding.on(instances, lambda source: self._evaluate(pool, source, instances))

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
            size = sum(1 for _ in ast.walk(parse(checked)))
        seconds = first.outcome.seconds
        if found.ok and confirm is not None:
            again = self._ran(pool, checked, confirm.permutation(len(them)))
            found = second_verdict(scoring, them, first, found, again)
            seconds += again.outcome.seconds
        aggregate: float | None = None
        metrics: Mapping[str, float | None] = {}
        if found.ok:
            score = scoring.score(them, [v for v in found.values if v is not None])
            aggregate, metrics = score.aggregate, {**score.metrics, **scoring.metrics(them, found.schedules)}
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
            aggregate=aggregate,
            metrics=metrics,
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


def _after(future: "Future[Evaluation]", done: Callable[[], None] | None) -> Evaluation:
    """A result, once it is there and told."""
    evaluation = future.result()
    if done is not None:
        done()
    return evaluation
