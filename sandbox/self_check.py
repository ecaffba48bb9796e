"""What the sandbox achieves on this machine, found by really trying."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from heuresis.sandbox.engine import Task
from heuresis.sandbox.launch import environment
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.pool import Pool
from heuresis.sandbox.screen import AllowList, FunctionShape

_ENGINE = "heuresis.sandbox.probe:Probe"
_ALLOW = AllowList((FunctionShape("rule", ("x",)),), frozenset({"abs"}))
_LIMITS = Limits(seconds=20.0, memory_bytes=64 << 20)
_HANGING = Limits(seconds=0.3)
_STANDARD_DESCRIPTORS = {0, 1, 2, 3}


@dataclass(frozen=True, slots=True)
class Layer:
    """One protection: whether it works here, and what that means. Without an `essential` one nothing may be run."""

    name: str
    works: bool
    effect: str
    essential: bool = True


@functools.cache
def sandbox_level() -> str:
    """The level reached on this machine, tried once per process; stored with each run.

    `process`: limits and supervision only, no confinement by the operating system. Raises SandboxError where even
    that does not work.
    """
    broken = [layer for layer in report() if layer.essential and not layer.works]
    if broken:
        raise SandboxError("the sandbox does not work here: " + "; ".join(f"{b.name}: {b.effect}" for b in broken))
    return "process"


def report() -> list[Layer]:
    """Try every layer with hostile children. Takes about a second. Raises SandboxError where no worker starts."""
    with Pool(_ENGINE, {}, _ALLOW, workers=1, limits=_LIMITS) as pool:
        return [
            _deadline(pool),
            _crash(pool),
            _memory(pool),
            _environment(pool),
            _descriptors(pool),
            _screen(pool),
            _orphans(pool),
            _confined(pool, "file", "files", "open a file"),
            _confined(pool, "network", "network", "open a socket"),
            _confined(pool, "executable", "executable memory", "map executable memory"),
        ]


def _deadline(pool: Pool) -> Layer:
    outcome = pool.run(Task("hang", limits=_HANGING))
    works = outcome.status is Status.TIMEOUT
    return Layer("deadline", works, "a hanging program is killed" if works else _unexpected(outcome))


def _crash(pool: Pool) -> Layer:
    outcome, after = pool.run(Task("crash")), pool.run(Task("good"))
    works = outcome.status is Status.CRASHED and after.ok
    return Layer("crash", works, "a crashing program is one outcome" if works else _unexpected(outcome))


def _memory(pool: Pool) -> Layer:
    outcome = pool.run(Task("memory"))
    works = outcome.status is Status.MEMORY
    effect = "a program that takes more memory than allowed is stopped" if works else _unexpected(outcome)
    return Layer("memory", works, effect, essential=Path("/proc/self/statm").exists())


def _environment(pool: Pool) -> Layer:
    outcome = pool.run(Task("environment"))
    seen = set(outcome.arrays[0].tobytes().decode("utf-8", "replace").split("\n")) if outcome.ok else set()
    leaked = seen & (set(os.environ) - set(environment()))
    works = outcome.ok and not leaked
    effect = "no variable of the controller, such as a key, is visible" if works else f"visible: {sorted(leaked)}"
    return Layer("environment", works, effect)


def _descriptors(pool: Pool) -> Layer:
    outcome = pool.run(Task("descriptors"))
    works = outcome.ok and set(outcome.arrays[0].tolist()) <= _STANDARD_DESCRIPTORS
    return Layer("descriptors", works, "nothing open but /dev/null and the result" if works else _unexpected(outcome))


def _screen(pool: Pool) -> Layer:
    outcome = pool.run(Task("good", source="import os\n\ndef rule(x):\n    return x\n"))
    works = outcome.status is Status.REJECTED
    return Layer(
        "syntax screen", works, "a program outside the allow-list is refused" if works else _unexpected(outcome)
    )


def _orphans(pool: Pool) -> Layer:
    """Whether a process left behind is gone when the outcome is there."""
    outcome = pool.run(Task("daemon"))
    pid = int(outcome.arrays[0][0]) if outcome.ok else 0
    works = outcome.ok and (pid == 0 or not _exists(pid))
    effect = "a process that a program leaves behind is killed" if works else "a process left behind goes on"
    return Layer("descendants", works, effect, essential=False)


def _confined(pool: Pool, kind: str, name: str, attempt: str) -> Layer:
    """What only the operating system's own confinement can refuse."""
    outcome = pool.run(Task(kind))
    works = not (outcome.ok and float(outcome.arrays[0][0]) == 1.0)
    return Layer(name, works, f"a program {'cannot' if works else 'could'} {attempt}", essential=False)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _unexpected(outcome: Outcome) -> str:
    return f"the probe ended as {outcome.status}: {outcome.message or 'no message'}"
