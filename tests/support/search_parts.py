"""What the tests of the search share: a proposer, a listener and a pool without processes."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from heuresis.archive.records import Evaluation, Proposal, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.evolve.assessment import tasks
from heuresis.evolve.config import Config
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.evolve.search.listener import Progress, Stage
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.wiring import Setting
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.screen.screen import AllowList, ScreenError, screen
from heuresis.sandbox.task import Task

SIGNATURE = "def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):"


def rule(expression: str) -> str:
    """A program under the contract of smtt."""
    return f"{SIGNATURE}\n    return {expression}\n"


class Tinkerer:
    """Cheap and deterministic: scales a term of MDD, sometimes has no idea, repeats itself or fails on purpose."""

    def __init__(self, name: str = "tinkerer", seconds: float = 0.0) -> None:
        self.name, self.seconds = name, seconds

    def propose(self, request: Request) -> Draft:
        """A program that depends on the request only."""
        time.sleep(self.seconds * float(request.rng.random()))
        kind = float(request.rng.random())
        factor = round(float(request.rng.normal(1.0, 0.3)), 2)
        parents = tuple(t.proposal.candidate for t in request.parents[:2] if t.proposal.candidate)
        shift = len(request.failures) + (request.parents[0].proposal.number if request.parents else 0)
        if kind < 0.1:
            return Draft("none", None, parents, "no idea")
        if kind < 0.2:
            return Draft("fail", rule(f"math.log(0.0 * p + {factor!r} - {factor!r})"), parents)
        if kind < 0.3:
            return Draft("reject", "import os\n" + rule(f"p + {factor!r}"), parents)
        if kind < 0.4 and request.parents:
            return Draft("repeat", request.parents[0].proposal.source, parents)
        return Draft("scale", rule(f"max(t + {factor!r} * p + 0.001 * {shift} * d, d)"), parents, work=shift)


def tinkering(setting: Setting) -> Mix:
    """The proposers of a test's run: two, so that something is chosen."""
    del setting
    return Mix((Tinkerer("one"), Tinkerer("two")), (2.0, 1.0))


class Watcher:
    """A listener that remembers."""

    def __init__(self, on_settled: Callable[[Trial, Progress], None] | None = None) -> None:
        self.calls: list[str] = []
        self.trials: list[Trial] = []
        self.progress: list[Progress] = []
        self.messages: list[str] = []
        self.stages: list[Stage] = []
        self.config: Any = None
        self.run: Any = None
        self.baselines: Mapping[str, float] = {}
        self.result: Any = None
        self._on_settled = on_settled

    def began(self, run: Any, config: Config) -> None:
        """Remember."""
        self.calls.append("began")
        self.run, self.config = run, config

    def working(self, stage: Stage) -> None:
        """Remember."""
        self.stages.append(stage)

    def started(self, run: Any, config: Config, baselines: Mapping[str, float]) -> None:
        """Remember."""
        del config
        self.calls.append("started")
        self.run, self.baselines = run, baselines

    def settled(self, trial: Trial, progress: Progress) -> None:
        """Remember."""
        self.calls.append("settled")
        self.trials.append(trial)
        self.progress.append(progress)
        if self._on_settled is not None:
            self._on_settled(trial, progress)

    def message(self, text: str) -> None:
        """Remember."""
        self.messages.append(text)

    def finished(self, result: Any) -> None:
        """Remember."""
        self.calls.append("finished")
        self.result = result


class PlainPool:
    """Stands in for the sandbox where that is not what is tested: plain Python, in this process."""

    def __init__(self, engine: str, payload: Mapping[str, Any], allow: AllowList, **others: Any) -> None:
        del engine, others
        self._allow = allow
        self._p, self._d, self._offsets = payload["p"], payload["d"], payload["offsets"]
        self._simulator = Dispatch(payload)

    def run(self, task: Task) -> Outcome:
        """Decide as `heuresis.evaluators.tardiness.simulator.Dispatch` does."""
        try:
            screen(task.source, self._allow)
        except ScreenError as error:
            return Outcome(Status.REJECTED, message=str(error))
        if task.kind == tasks.CHECK:
            return Outcome(Status.OK, (np.empty(0),))
        if task.kind == tasks.AUDIT:
            order, *decisions = task.arrays
            return Outcome(Status.OK, (self._simulator.audit(judge_of(task.source, CONTRACT), order, decisions),))
        names: dict[str, Any] = {"math": math}
        exec(task.source, names)  # a test's own program
        order = task.arrays[1]
        done = [_sequence(names["priority"], *self._instance(int(i))) for i in order]
        valid = np.array([s is not None for s in done], dtype=np.uint8)
        rows = [
            np.full(self._offsets[i + 1] - self._offsets[i], -1) if s is None else np.array(s)
            for i, s in zip(order, done, strict=True)
        ]
        return Outcome(Status.OK, (valid, np.concatenate(rows).astype(np.int32)), run_seconds=0.001)

    def wait_ready(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Nothing to close."""

    def _instance(self, index: int) -> tuple[Any, Any]:
        span = slice(self._offsets[index], self._offsets[index + 1])
        return self._p[span], self._d[span]


def _sequence(priority: Callable[..., float], p: Any, d: Any) -> list[int] | None:
    left = sorted(range(len(p)), key=lambda j: (p[j], d[j], j))
    t, made = 0.0, list[int]()
    while left:
        ps, ds = p[left], d[left]
        features = float(len(left)), ps.mean(), ps.max(), ps.sum(), ds.mean(), ds.min(), ds.max()
        try:
            values = [priority(float(p[j]), float(d[j]), t, *map(float, features)) for j in left]
        except ValueError:  # compiled, the logarithm of zero is infinite
            return None
        if not all(map(math.isfinite, values)):
            return None
        job = left.pop(int(np.argmin(values)))
        made.append(job)
        t += float(p[job])
    return made


def trial(
    number: int,
    aggregate: float | None = None,
    *,
    size: int = 10,
    values: tuple[float, ...] = (),
    source: str | None = "",
    status: str = "ok",
) -> Trial:
    """A settled trial: evaluated with an aggregate, failed without one, or without a program (source None)."""
    if source is None:
        return Trial(Proposal("r_1", number, 0, "one", "none", reason="no idea"), None)
    text = source or rule(f"p + {number}.0")
    proposal = Proposal("r_1", number, 0, "one", "scale", source=text, candidate=candidate_id(text))
    if aggregate is None:
        status, kept = "invalid", (None,)
    else:
        kept = values or (aggregate,)
    made = Evaluation(candidate_id(text), "tiny", 1, "search", "f", status, "", kept, aggregate, code_size=size)
    return Trial(proposal, made)


def comparable(archive: Archive, run: str) -> Mapping[str, list[tuple[Any, ...]]]:
    """What a search made, without its settings and its calls, which a death repeats."""
    from heuresis.archive.queries import comparable_rows

    return {name: rows for name, rows in comparable_rows(archive, run).items() if name not in ("runs", "calls")}
