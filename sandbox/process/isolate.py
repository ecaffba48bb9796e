"""How a child is cut off before any untrusted line is looked at, and how it and what it leaves behind are ended.

References: getrlimit(2), close_range(2), kill(2), wait4(2); the kernel's own layers stand in `kernel.py`.
"""

import errno
import math
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.process import filters, kernel

RESULT_FD = 3
"""The only descriptor beside the three standard ones (all /dev/null) that a child keeps."""

_TRIED = (Layer.LANDLOCK, Layer.SECCOMP)
_UNDECIDED = 64
_NOT_GIVEN = {errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM, errno.EACCES}
_SWEEP_SECONDS = 2.0


class OrphanError(RuntimeError):
    """Descendants of a child that could not all be killed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a child is shut into. `mapped` is what `mapped_bytes` said in the zygote just before the fork."""

    zygote: int
    result_fd: int
    null_fd: int
    limits: Limits
    mapped: int
    without: frozenset[Layer] = frozenset()

    def enter(self) -> None:
        """Cut a freshly forked child off: own session, no descriptors; then the layers of the compile phase.

        Under them a program is screened and compiled.
        """
        kernel.die_with_parent(signal.SIGKILL)
        if os.getppid() != self.zygote:
            os._exit(1)
        os.setsid()  # a group of its own, so that one signal reaches its descendants too
        kernel.renounce_privileges()
        if Layer.LANDLOCK not in self.without:
            kernel.enter_landlock()  # before the limit on descriptors
        for standard in (0, 1, 2):
            os.dup2(self.null_fd, standard)
        os.dup2(self.result_fd, RESULT_FD, inheritable=False)
        os.closerange(RESULT_FD + 1, _highest_descriptor())
        if Layer.LIMITS not in self.without:
            self._limit()
        self._filter(filters.Phase.COMPILE)

    def tighten(self) -> None:
        """The confinement added after compilation, before the compiled program runs: no new executable memory."""
        self._filter(filters.Phase.RUN)

    def _limit(self) -> None:
        cpu = math.ceil(self.limits.seconds) + 1
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_CPU, cpu, cpu + 1)
        _lower(resource.RLIMIT_NPROC, 0)  # no effect on a process of the superuser
        _lower(resource.RLIMIT_NOFILE, RESULT_FD + 1)
        if self.mapped:
            _lower(resource.RLIMIT_AS, self.mapped + self.limits.memory_bytes)

    def _filter(self, phase: filters.Phase) -> None:
        machine = filters.architecture()
        if machine is not None and Layer.SECCOMP not in self.without:
            kernel.add_filter(filters.assemble(machine, phase, os.getpid()))


def missing_layers() -> frozenset[Layer]:
    """The layers of the operating system that this machine does not give to a child, found by trying in one.

    Only an answer that says so counts as a layer that is not there; anything else, such as a want of memory, raises
    RuntimeError. What is there is then used by every child without exception: a child in which it fails ends.
    """
    machine = filters.architecture()
    if machine is not None:
        for phase in filters.Phase:
            filters.assemble(machine, phase, 0)  # kept, so that no child has to do it
    child = os.fork()
    if child == 0:
        code = _UNDECIDED
        try:
            code = _try_layers()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if not 0 <= code < _UNDECIDED:
        raise RuntimeError(f"the layers of this machine could not be tried: a child ended with {code}")
    return frozenset(layer for bit, layer in enumerate(_TRIED) if code >> bit & 1)


def _try_layers() -> int:
    """Enter the layers in the order of `_TRIED`; a bit is set for each that is not there. Raises OSError."""
    machine = filters.architecture()
    kernel.renounce_privileges()
    missing = 0
    try:
        if not kernel.enter_landlock():
            missing |= 1
    except OSError as error:
        if error.errno not in _NOT_GIVEN:
            raise
        missing |= 1
    try:
        if machine is None or not kernel.LINUX:
            return missing | 2
        kernel.add_filter(filters.assemble(machine, filters.Phase.COMPILE, os.getpid()))
    except OSError as error:
        if error.errno not in _NOT_GIVEN:
            raise
        missing |= 2
    return missing


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    """Lower a limit for good, never raise one that is already stricter."""
    hard = soft if hard is None else hard
    _, ceiling = resource.getrlimit(kind)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def mapped_bytes() -> int:
    """The address space of this process, 0 where the system does not say (macOS: RLIMIT_AS has no effect there)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except FileNotFoundError:
        return 0
    return pages * resource.getpagesize()


def _highest_descriptor() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


def resident_bytes() -> int:
    """The resident memory of this process, 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


@contextmanager
def watch(child: int) -> Iterator[int | None]:
    """A descriptor that becomes readable when the child ends; None where Python, the kernel or a filter has none."""
    try:
        descriptor = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    except OSError as error:
        if error.errno not in _NOT_GIVEN:
            raise
        descriptor = None
    if descriptor is None:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Reaper:
    """Waits for one child, which is reaped once."""

    def __init__(self, child: int) -> None:
        self._child = child
        self._end: tuple[int, resource.struct_rusage] | None = None

    def has_ended(self) -> bool:
        """Whether the child has ended; for systems without pidfd."""
        if self._end is None:
            pid, status, usage = os.wait4(self._child, os.WNOHANG)
            self._end = (status, usage) if pid else None
        return self._end is not None

    def finish(self) -> tuple[int, resource.struct_rusage]:
        """Kill the child, if it lives, and its process group in any case; its wait status and resource usage."""
        kill_tree(self._child)
        if self._end is None:
            _, status, usage = os.wait4(self._child, 0)
            self._end = status, usage
        return self._end


def kill_tree(child: int) -> None:
    """SIGKILL a child and the process group that it leads, as far as they still exist."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:  # macOS answers so for a group of zombies
            pass


def sweep(*, apart: bool) -> None:
    """Kill and reap whatever an ended child left behind. Raises OrphanError where something still forks on.

    `apart` says that this process is process 1 of a process namespace of its own.
    """
    deadline = time.monotonic() + _SWEEP_SECONDS
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except OSError as error:
            if error.errno == errno.ECHILD:
                return
            raise
        if pid:
            continue
        if apart:
            os.kill(-1, signal.SIGKILL)  # everything in the namespace but this process
        for orphan in () if apart else children_of(os.getpid()):
            kill_tree(orphan)
        if time.monotonic() > deadline:
            raise OrphanError("a child left processes behind that could not all be killed")
        time.sleep(0.001)


def children_of(parent: int) -> list[int]:
    """The process ids whose parent is `parent`, zombies included; empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            found.append(int(entry.name))
    return found
