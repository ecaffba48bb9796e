"""The self-check reports what it found by trying, and a layer that does not work is not claimed."""

import dataclasses
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from heuresis.sandbox import self_check
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process import kernel, launch
from heuresis.sandbox.process.isolate import missing_layers
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.self_check import ATTEMPTS, Check, Level, Report, WeakSandboxError, require
from heuresis.sandbox.task import Task

ESSENTIAL = {"deadline", "crash", "environment", "descriptors", "syntax screen"}
HOLDING = [Check(name, holds=True, effect="") for name in ("landlock", "seccomp", *ATTEMPTS.values())]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the layers are those of Linux")


def failing(what: BaseException) -> Callable[..., NoReturn]:
    """A function that raises."""

    def fail(*_: object) -> NoReturn:
        raise what

    return fail


def report_of(**layers: bool) -> Report:
    """A report in which everything holds but the layers given as false."""
    return Report(tuple(dataclasses.replace(check, holds=layers.get(check.name, True)) for check in HOLDING))


@pytest.fixture(scope="module")
def report() -> Report:
    return self_check.report()


@pytest.fixture
def fresh_level() -> Iterator[None]:
    self_check.sandbox_level.cache_clear()
    yield
    self_check.sandbox_level.cache_clear()


def test_what_works_here(report: Report) -> None:
    checks = {check.name: check for check in report.checks}
    assert {check.name for check in report.checks if check.essential} >= ESSENTIAL
    assert report.broken == ()
    assert checks["descendants"].holds
    assert checks["deadline"].effect == "a hanging program is killed"
    assert set(ATTEMPTS.values()) <= set(checks)


@linux
def test_the_layers_of_this_kernel_are_found(report: Report) -> None:
    """What the kernel gives to a child must also hold when it is attacked."""
    holds = {check.name: check.holds for check in report.checks}
    missing = missing_layers()
    assert holds["landlock"] == (Layer.LANDLOCK not in missing)
    assert holds["seccomp"] == (Layer.SECCOMP not in missing)
    assert bool(kernel.landlock_version()) or Layer.LANDLOCK in missing
    expected = Level.PROCESS
    if holds["seccomp"]:
        expected = Level.STRONG if holds["landlock"] else Level.MEDIUM
    assert report.level is expected


def test_levels() -> None:
    assert report_of().level is Level.STRONG
    assert report_of(landlock=False).level is Level.MEDIUM
    assert report_of(seccomp=False).level is Level.PROCESS
    assert report_of(landlock=False, seccomp=False).level is Level.PROCESS


@pytest.mark.parametrize("attempt", ATTEMPTS.values())
def test_one_attempt_that_succeeds_is_the_weakest_level(attempt: str) -> None:
    assert report_of(**{attempt: False}).level is Level.PROCESS


def test_below_medium_is_refused() -> None:
    require(Level.STRONG, allow_weak=False)
    require(Level.MEDIUM, allow_weak=False)
    require(Level.PROCESS, allow_weak=True)
    with pytest.raises(WeakSandboxError, match="--allow-weak-sandbox"):
        require(Level.PROCESS, allow_weak=False)


def test_no_level_without_an_essential_layer(fresh_level: None, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Report((*HOLDING, Check("deadline", holds=False, effect="the probe ended as ok", essential=True)))
    monkeypatch.setattr(self_check, "report", lambda: broken)
    with pytest.raises(SandboxError, match="the sandbox does not work here: deadline: the probe ended as ok"):
        self_check.sandbox_level()


def test_broken_supervision_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the deadline not enforced, the environment not scrubbed or the screen open, the report would tell."""
    honest = Pool.run

    def broken(pool: Pool, task: Task) -> Outcome:
        outcome = honest(pool, task)
        if task.kind == "environment":
            keys = outcome.arrays[0].tobytes() + b"\nOPENAI_API_KEY"
            return dataclasses.replace(outcome, arrays=(outcome.arrays[0].__class__((len(keys),), "u1", keys),))
        if task.kind == "hang" or task.source:
            return Outcome(Status.OK)
        return outcome

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr(Pool, "run", broken)
    checks = {check.name: check for check in self_check.report().checks}
    assert not checks["deadline"].holds
    assert not checks["syntax screen"].holds
    assert checks["environment"] == Check(
        "environment", holds=False, effect="visible: ['OPENAI_API_KEY']", essential=True
    )


@linux
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EPERM])
def test_a_kernel_that_has_no_filters_is_weaker_not_broken(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(kernel, "add_filter", failing(OSError(code, "no")))
    monkeypatch.setattr(kernel, "landlock_version", lambda: 0)
    assert missing_layers() == {Layer.SECCOMP, Layer.LANDLOCK}


@linux
@pytest.mark.parametrize("layer", ["add_filter", "enter_landlock"])
@pytest.mark.parametrize(
    "what", [OSError(errno.ENOMEM, "no memory"), MemoryError(), RuntimeError()], ids=["errno", "memory", "defect"]
)
def test_a_layer_that_fails_otherwise_is_not_left_out(
    monkeypatch: pytest.MonkeyPatch, layer: str, what: BaseException
) -> None:
    monkeypatch.setattr(kernel, layer, failing(what))
    with pytest.raises(RuntimeError, match="could not be tried"):
        missing_layers()


@linux
def test_a_trial_that_is_killed_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "enter_landlock", lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(RuntimeError, match="could not be tried"):
        missing_layers()


def test_every_worker_must_have_the_layers_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_machine", [])
    assert launch._agreed(frozenset({Layer.LANDLOCK})) == {Layer.LANDLOCK}
    assert launch._agreed(frozenset()) == frozenset()
    with pytest.raises(SandboxError, match="fewer layers than the first one had: seccomp failed"):
        launch._agreed(frozenset({Layer.LANDLOCK, Layer.SECCOMP}))


@linux
@pytest.mark.parametrize(
    ("missing", "level"), [(Layer.SECCOMP, Level.PROCESS), (Layer.LANDLOCK, Level.MEDIUM)], ids=["seccomp", "landlock"]
)
def test_a_missing_layer_is_seen(monkeypatch: pytest.MonkeyPatch, report: Report, missing: Layer, level: Level) -> None:
    """A kernel without a layer, as the children meet it: the level falls, whatever else holds."""
    if report.level is not Level.STRONG:
        pytest.skip("this machine does not have both layers")
    complete = Pool.__init__

    def poorer(pool: Pool, *arguments: object, without: frozenset[Layer] = frozenset(), **options: object) -> None:
        complete(pool, *arguments, without=without | {missing}, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "__init__", poorer)
    found = self_check.report()
    assert {check.name: check.holds for check in found.checks}[missing.value] is False
    assert found.level is level
