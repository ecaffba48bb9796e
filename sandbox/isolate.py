"""What the kernel is asked to do to a child before any untrusted line is looked at.

References: prctl(2), PR_SET_PDEATHSIG(2const), PR_SET_DUMPABLE(2const), PR_SET_CHILD_SUBREAPER(2const), getrlimit(2),
close_range(2).
"""

import ctypes
import errno
import functools
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heuresis.sandbox.limits import Limits

RESULT_FD = 3
"""The only descriptor beside the three standard ones (all /dev/null) that a child keeps."""

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_SWEEP_SECONDS = 2.0


class OrphanError(RuntimeError):
    """Descendants of a child that could not all be killed."""


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int) -> None:
    """Call prctl(2); where the system has none (macOS) nothing happens and end-of-file on the socket does the job."""
    if not sys.platform.startswith("linux"):
        return
    zero = ctypes.c_ulong(0)
    if _libc().prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}, {argument}): {os.strerror(code)}")


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that started this process ends, and exit at once where it has already ended."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def shield_controller() -> None:
    """Keep other processes of the same user out of this one's memory and environment, where the API keys are.

    It applies to `/proc/PID/mem`, `/proc/PID/environ` and ptrace(2), and ends with the process; root is not kept out.
    """
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Let daemons that a child leaves behind become children of this process, where `sweep` finds them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def enter(zygote: int, result_fd: int, null_fd: int, limits: Limits, mapped: int) -> None:
    """Cut a freshly forked child off: own session, no descriptors, limits; then the layers of the compile phase.

    `mapped` is what `mapped_bytes` said in the zygote just before the fork: asking here would copy pages.
    """
    die_with_parent(zygote)
    os.setsid()  # a group of its own, so that one signal reaches its descendants too
    confine_compile(limits, mapped)
    for standard in (0, 1, 2):
        os.dup2(null_fd, standard)
    os.dup2(result_fd, RESULT_FD, inheritable=False)
    os.closerange(RESULT_FD + 1, _highest_descriptor())


def confine_compile(limits: Limits, mapped: int) -> None:
    """The confinement under which a program is screened and compiled.

    Applies resource limits only for now; Landlock and the first seccomp filter belong here. `mapped` is the address
    space in use, on top of which the program may use `limits.memory_bytes`.
    """
    cpu = math.ceil(limits.seconds) + 1
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CPU, cpu, cpu + 1)
    _lower(resource.RLIMIT_NPROC, 0)  # no effect on a process of the superuser
    if mapped:
        _lower(resource.RLIMIT_AS, mapped + limits.memory_bytes)


def confine_run() -> None:
    """The confinement added after compilation, before the compiled program runs.

    Forbids new descriptors for now; the second seccomp filter (no new executable memory) belongs here.
    """
    _lower(resource.RLIMIT_NOFILE, RESULT_FD + 1)


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
    """A descriptor that becomes readable when the child ends; None where the system has no pidfd."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(child)
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


def sweep() -> None:
    """Kill and reap whatever an ended child left behind. Raises OrphanError where something still forks on."""
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
        for orphan in children_of(os.getpid()):
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
