"""What the sandbox achieves on this machine, found by really trying."""

import functools
import os
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from heuresis.sandbox.layers import OS_LAYERS, Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process import filters
from heuresis.sandbox.process.ending import FORBIDDEN
from heuresis.sandbox.process.kernel import LINUX, landlock_version
from heuresis.sandbox.process.launch import environment
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import AllowList, FunctionShape
from heuresis.sandbox.task import Array, Task

_ENGINE = "heuresis.sandbox.process.probe:Probe"
_ALLOW = AllowList((FunctionShape("rule", ("x",)),), frozenset({"abs"}))
_LIMITS = Limits(seconds=20.0, memory_bytes=64 << 20)
_HANGING = Limits(seconds=0.3)
_STANDARD_DESCRIPTORS = {0, 1, 2, 3}

ATTEMPTS = {
    "open": "open a file",
    "connect": "connect to a TCP port",
    "send": "send a datagram",
    "fork": "start a process",
    "execute": "execute a file",
    "signal": "signal the controller",
    "inspect": "read the controller's environment",
    "executable": "map executable memory",
}
"""What a child really tries, by the kind of work, in words that follow 'a program cannot'."""

_BY_LANDLOCK = ("open", "execute", "inspect")
"""What Landlock has to refuse alone, whatever its version."""

_BY_LATER_LANDLOCK = {4: ("connect",), 6: ("signal",)}
"""What it has to refuse from a version on."""


class Level(StrEnum):
    """How strong the sandbox is; each level includes the next."""

    STRONG = "strong"  # seccomp and Landlock, each of which refuses alone what it is there for
    MEDIUM = "medium"  # seccomp
    PROCESS = "process"  # limits and supervision only

    def weaker_than(self, other: "Level") -> bool:
        """Whether this level is below another."""
        order = list(Level)
        return order.index(self) > order.index(other)


class WeakSandboxError(SandboxError):
    """The machine confines programs less than is asked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: whether it holds, and what that means.

    Where an `essential` one does not hold nothing may be run.
    """

    name: str
    holds: bool
    effect: str
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was tried on this machine."""

    checks: tuple[Check, ...]

    @property
    def broken(self) -> tuple[Check, ...]:
        """The essential checks that do not hold."""
        return tuple(check for check in self.checks if check.essential and not check.holds)

    @property
    def level(self) -> Level:
        """The level reached. Raises SandboxError where an essential check does not hold."""
        if self.broken:
            words = "; ".join(f"{check.name}: {check.effect}" for check in self.broken)
            raise SandboxError(f"the sandbox does not work here: {words}")
        holds = {check.name: check.holds for check in self.checks}
        if not holds["seccomp"] or not all(holds[what] for what in ATTEMPTS.values()):
            return Level.PROCESS
        return Level.STRONG if holds["landlock"] else Level.MEDIUM


@functools.cache
def sandbox_level() -> Level:
    """The level reached on this machine, tried once per process; stored with each run. Raises SandboxError."""
    return report().level


def require(level: Level, *, allow_weak: bool) -> None:
    """Raise WeakSandboxError where a level is below `medium`, unless that is allowed."""
    if level is Level.PROCESS and not allow_weak:
        raise WeakSandboxError(
            "this machine does not confine programs (sandbox level `process`, at least `medium` is asked for): a "
            "program that gets past the syntax screen could do whatever you can; `heuresis doctor` says what is "
            "missing, and --allow-weak-sandbox runs all the same"
        )


def report() -> Report:
    """Try every layer with hostile children. Takes about a second. Raises SandboxError where no worker starts."""
    configurations: tuple[frozenset[Layer], ...] = (
        frozenset(),
        OS_LAYERS - {Layer.LANDLOCK},
        OS_LAYERS - {Layer.SECCOMP},
    )
    with ExitStack() as stack, ThreadPoolExecutor(len(configurations)) as threads:
        starting = [
            threads.submit(Pool, _ENGINE, {}, _ALLOW, workers=1, limits=_LIMITS, without=without)
            for without in configurations
        ]
        everything, landlock, seccomp = (stack.enter_context(start.result()) for start in starting)
        canaries = np.array([os.getpid(), *(stack.enter_context(_listener(kind)) for kind in _KINDS)])
        refused = _refused(everything, ATTEMPTS, canaries)
        return Report(
            (
                _deadline(everything),
                _crash(everything),
                _memory(everything),
                _environment(everything),
                _screen(everything),
                _descriptors(landlock),  # seccomp would hide them from the one who looks
                _orphans(landlock),
                _namespaces(everything),
                _landlock(landlock, canaries),
                _seccomp(seccomp, canaries),
                *(
                    Check(what, kind in refused, "refused" if kind in refused else "a program could do it")
                    for kind, what in ATTEMPTS.items()
                ),
            )
        )


_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


@contextmanager
def _listener(kind: socket.SocketKind) -> Iterator[int]:
    """The port of a socket of ours on loopback, for a child to reach."""
    with socket.socket(socket.AF_INET, kind) as canary:
        canary.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            canary.listen()
        yield canary.getsockname()[1]


def _refused(pool: Pool, kinds: Iterable[str], canaries: Array) -> set[str]:
    """The attempts that failed, by an error or by being killed for them."""

    def failed(outcome: Outcome) -> bool:
        return float(outcome.arrays[0][0]) == 0.0 if outcome.ok else outcome.message == FORBIDDEN

    return {kind for kind in kinds if failed(pool.run(Task(kind, arrays=(canaries,))))}


def _deadline(pool: Pool) -> Check:
    outcome = pool.run(Task("hang", limits=_HANGING))
    holds = outcome.status is Status.TIMEOUT
    return Check("deadline", holds, "a hanging program is killed" if holds else _unexpected(outcome), essential=True)


def _crash(pool: Pool) -> Check:
    outcome, after = pool.run(Task("crash")), pool.run(Task("good"))
    holds = outcome.status is Status.CRASHED and after.ok
    effect = "a crashing program is one outcome" if holds else _unexpected(outcome)
    return Check("crash", holds, effect, essential=True)


def _memory(pool: Pool) -> Check:
    outcome = pool.run(Task("memory"))
    holds = outcome.status is Status.MEMORY
    effect = "a program that takes more memory than allowed is stopped" if holds else _unexpected(outcome)
    return Check("memory", holds, effect, essential=Path("/proc/self/statm").exists())


def _environment(pool: Pool) -> Check:
    outcome = pool.run(Task("environment"))
    seen = set(outcome.arrays[0].tobytes().decode("utf-8", "replace").split("\n")) if outcome.ok else set()
    leaked = seen & (set(os.environ) - set(environment()))
    holds = outcome.ok and not leaked
    effect = "no variable of the controller, such as a key, is visible"
    if not holds:
        effect = f"visible: {sorted(leaked)}" if outcome.ok else _unexpected(outcome)
    return Check("environment", holds, effect, essential=True)


def _descriptors(pool: Pool) -> Check:
    outcome = pool.run(Task("descriptors"))
    holds = outcome.ok and set(outcome.arrays[0].tolist()) <= _STANDARD_DESCRIPTORS
    effect = "nothing open but /dev/null and the result" if holds else _unexpected(outcome)
    return Check("descriptors", holds, effect, essential=True)


def _screen(pool: Pool) -> Check:
    outcome = pool.run(Task("good", source="import os\n\ndef rule(x):\n    return x\n"))
    holds = outcome.status is Status.REJECTED
    effect = "a program outside the allow-list is refused" if holds else _unexpected(outcome)
    return Check("syntax screen", holds, effect, essential=True)


def _orphans(pool: Pool) -> Check:
    """Whether a process left behind is gone when the outcome is there, where one can be left at all."""
    outcome = pool.run(Task("daemon"))
    pid = int(outcome.arrays[0][0]) if outcome.ok else 0
    holds = pid == 0 or not _exists(pid)
    effect = "no process is left behind by a program" if holds else "a process left behind goes on"
    return Check("descendants", holds, effect)


def _namespaces(pool: Pool) -> Check:
    outcome = pool.run(Task("apart"))
    holds = outcome.ok and float(outcome.arrays[0][0]) == 1.0
    seen = "no process, network device or IPC object of the machine in sight"
    return Check("namespaces", holds, seen if holds else "not given by this machine; the other layers do without")


def _landlock(alone: Pool, canaries: Array) -> Check:
    version = landlock_version()
    if not version:
        return Check("landlock", holds=False, effect="not in this kernel, or switched off at boot (Linux 5.13 has it)")
    due = [*_BY_LANDLOCK, *(kind for since, kinds in _BY_LATER_LANDLOCK.items() if version >= since for kind in kinds)]
    let = set(due) - _refused(alone, due, canaries)
    effect = f"version {version}, alone: a program cannot {_listed(due)}"
    return Check("landlock", not let, effect if not let else f"alone, a program could {_listed(sorted(let))}")


def _seccomp(alone: Pool, canaries: Array) -> Check:
    if filters.architecture() is None or not LINUX:
        return Check("seccomp", holds=False, effect="not in this system, or no table for this processor")
    let = set(ATTEMPTS) - _refused(alone, ATTEMPTS, canaries)
    effect = "alone: a program cannot do any of what follows"
    return Check("seccomp", not let, effect if not let else f"alone, a program could {_listed(sorted(let))}")


def _listed(kinds: Iterable[str]) -> str:
    words = [ATTEMPTS[kind] for kind in kinds]
    return ", ".join(words[:-1]) + (" or " if words[:-1] else "") + words[-1]


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
