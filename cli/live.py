"""What `heuresis evolve` shows while it runs."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from heuresis.cli.console import styled
from heuresis.cli.render import brief, duration, err, number, score, short, sparkline, table
from heuresis.cli.terminal import guarded

if TYPE_CHECKING:
    from heuresis.archive.calls import ModelCalls
    from heuresis.archive.records import Run, Trial
    from heuresis.evolve.config import Config
    from heuresis.evolve.results.progress import Progress
    from heuresis.evolve.results.reasons import Reason
    from heuresis.evolve.results.run_result import RunResult
    from heuresis.evolve.search.listener import Stage

REASON = 160
"""Characters of a reason in the panel; `heuresis failures RUN` has all of it."""

PLAIN_EVERY = 10.0
"""Seconds between lines where standard error is no terminal."""


class View:
    """A `Listener` that draws on standard error: a live panel in a terminal, a line now and then elsewhere.

    `percent` says whether aggregates are fractions to be shown in percent. Use as a context manager, so that the
    terminal is given back whatever happens.
    """

    def __init__(self, *, percent: bool = True, quiet: bool = False) -> None:
        self.console = err()
        self.percent = percent
        self.quiet = quiet
        self.run_id: str | None = None
        self._live = Live(console=self.console, refresh_per_second=4, transient=True) if self._animated else None
        self._printing = ExitStack()
        self._last_line = 0.0
        self._stage = ""
        self._baselines: Mapping[str, float] = {}

    @property
    def _animated(self) -> bool:
        return self.console.is_terminal and not self.quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def began(self, run: "Run", config: "Config") -> None:
        """The run exists in the archive from here on."""
        self.run_id = run.id
        if not self.quiet:
            workers = f"{config.workers} workers, sandbox {run.sandbox_level}"
            self.console.print(f"run {short(run.id)} on {run.problem}, seed {config.seed}, {workers}")

    def working(self, stage: "Stage") -> None:
        """Something beside searching is being done: a line that moves in a terminal, elsewhere one now and then."""
        if self.quiet:
            return
        if self._live is not None:
            self._draw(styled(doing(stage), "dim"))
        elif stage.what != self._stage or time.monotonic() - self._last_line >= PLAIN_EVERY:
            self._stage, self._last_line = stage.what, time.monotonic()
            self.console.print(doing(stage), soft_wrap=True)

    def started(self, run: "Run", config: "Config", baselines: Mapping[str, float]) -> None:
        """The search begins."""
        del run, config
        self._baselines = baselines
        best = min(baselines.items(), key=lambda item: item[1], default=None)
        if best is not None and not self.quiet:
            self.console.print(f"searching; best baseline {best[0]} {self._value(best[1])}")

    def settled(self, trial: "Trial", progress: "Progress") -> None:
        """One more proposal has come to its end."""
        del trial  # the panel shows sums; single programs are in the archive
        if self.quiet:
            return
        if self._live is not None:
            self._draw(panel(progress, percent=self.percent))
        elif time.monotonic() - self._last_line >= PLAIN_EVERY:
            self._last_line = time.monotonic()
            self.console.print(line(progress, percent=self.percent), soft_wrap=True)

    def message(self, text: str) -> None:
        """Something worth a line of its own."""
        self.console.print(text, soft_wrap=not self.console.is_terminal)

    def finished(self, result: "RunResult") -> None:
        """The run has ended, for whatever reason."""
        self._stop()
        progress = result.progress
        if not self.quiet and progress is not None and progress.proposals:
            self.console.print(panel(replace(progress, baselines=self._baselines), percent=self.percent))
        else:
            self._say_failures(result)
        if not self.quiet:
            self.console.print(f"run {short(result.run.id)} {result.run.status}: {result.reason}", soft_wrap=True)

    def _draw(self, what: RenderableType) -> None:
        """Show this in place of what was there before."""
        live = self._live
        if live is None:
            return
        if not live.is_started:
            live.start()
            self._printing.enter_context(guarded())  # around what rich now puts in place of the standard streams
        live.update(what)

    def _say_failures(self, result: "RunResult") -> None:
        """Say what became of the calls of each model, and why programs failed, where no panel does."""
        for found in result.models:
            if found.failed:
                self.console.print(calls_line(found), soft_wrap=True)
        if result.progress is not None and result.champion is None:
            for reason in result.progress.reasons:
                self.console.print(reason_line(reason), soft_wrap=True)

    def _stop(self) -> None:
        if self._live is not None and self._live.is_started:
            self._printing.close()
            self._live.stop()

    def _value(self, value: float | None) -> str:
        return score(value, percent=self.percent)


def doing(stage: "Stage") -> str:
    """What is being done, on one line."""
    text = stage.what
    if stage.total:
        text += f", {stage.done} of {stage.total}"
    return f"{text} ({duration(stage.seconds)})" if stage.seconds >= 1.0 else text


def panel(progress: "Progress", *, percent: bool) -> Group:
    """The state of a run on about a dozen lines."""
    unit = " %" if percent else ""
    rate = progress.evaluations / progress.seconds if progress.seconds > 0 else 0.0
    head = Text.assemble(
        styled(f"best {number(progress.best, percent=percent)}{unit}", "bold green"),
        styled(f"  {sparkline(_below_baselines(progress))}  ", "green"),
        styled(f"{progress.evaluations} programs in {duration(progress.seconds)}, {rate:.1f}/s"),
    )
    first = ", ".join(f"{n} {number(v, percent=percent)}{unit}" for n, v in _first(progress.baselines))
    beside = styled("search set, smaller is better" + (f"; baselines: {first}" if first else ""), "dim")
    made = table("proposer", "proposals", "evaluated", f"best{unit}", right=("proposals", "evaluated", f"best{unit}"))
    for name, (proposals, evaluated, best) in progress.by_proposer.items():
        made.add_row(name, str(proposals), str(evaluated), number(best, percent=percent))
    parts: list[RenderableType] = [head, beside, made]
    parts += [styled(calls_line(one), "yellow" if one.failed else "dim") for one in progress.models if one.calls]
    if progress.failures:
        parts.append(styled("failures: " + _counts(progress.failures), "yellow"))
        parts += [styled(reason_line(one), "yellow") for one in progress.reasons]
    if progress.budget_left:
        parts.append(styled("left: " + ", ".join(f"{v} {k}" for k, v in progress.budget_left.items()), "dim"))
    return Group(*parts)


def line(progress: "Progress", *, percent: bool) -> str:
    """The state of a run on one line, for logs."""
    unit = " %" if percent else ""
    best = f"{number(progress.best, percent=percent)}{unit}"
    text = f"{duration(progress.seconds)}  {progress.evaluations} programs, best {best}"
    if progress.by_proposer:
        text += "; " + "; ".join(
            f"{name} {evaluated} programs, best {number(best, percent=percent)}{unit if best is not None else ''}"
            for name, (_, evaluated, best) in progress.by_proposer.items()
        )
    text += "".join(f"; {calls_line(one)}" for one in progress.models if one.failed)
    if progress.failures:
        text += f"; failures: {_counts(progress.failures)}"
        text += "".join(f", {reason_line(one).strip()}" for one in progress.reasons[:1])
    return text


def calls_line(found: "ModelCalls") -> str:
    """What became of the calls of one model, on one line."""
    text = f"{found.model}: {found.calls} calls, {found.answered} answered, {found.failed} failed"
    return f"{text}, mostly: {brief(found.reason)}" if found.failed else text


def reason_line(found: "Reason") -> str:
    """One reason of failures, with how often it came, on one line."""
    text = f": {brief(found.text, REASON)}" if found.text else ""
    return f"  {found.count} × {found.kind.replace('_', ' ')}{text}"


def _below_baselines(progress: "Progress") -> list[float]:
    """The best so far over time, from the best baseline on: what lies above it would flatten all the rest."""
    ceiling = min(progress.baselines.values(), default=float("inf"))
    return [min(value, ceiling) for value in progress.best_history]


def _counts(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in failures.items())


def _first(baselines: Mapping[str, float], count: int = 4) -> list[tuple[str, float]]:
    return sorted(baselines.items(), key=lambda item: item[1])[:count]
